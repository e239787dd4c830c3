// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Extended} from "./Extended.sol";
import {Liquidation} from "./Liquidation.sol";
import {LiquidationParameters} from "./Types.sol";

/// @title The bundled margin engine
/// @notice Several markets, several collaterals, one pool of collateral behind all positions of an account.
/// @dev Read in this order: `Accounts` (who holds what), `Parameters` (what is listed), `Funding` (what one side pays
/// the other), `Risk` (what an account is worth and must be worth), `Ledger` (money), `Buckets` (isolated margin),
/// `Trading`, `Liquidation`; and `Views` and `Governance`, whose functions this contract has at its own address although
/// their code stands at two others: together they would be too large. What this contract does not have is looked for in
/// `Views`, what that does not have in `Governance`; what none has is refused there.
contract MarginEngine is Liquidation, Extended {
    /// @param views a deployed `Views`
    /// @param admin gets `DEFAULT_ADMIN_ROLE`. Rule A3.
    /// @param parameters how liquidations are sized and shared. Rule P6.
    constructor(address views, address admin, LiquidationParameters memory parameters) Extended(views, "views") {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _setLiquidationParameters(parameters);
    }

    /// @dev Rules G1, G2: nothing that is passed on is done or answered while an action runs. It stands here once for all
    /// functions of `Views` and `Governance`; those that this contract has itself each carry their modifier.
    function _fallback() internal override nonReentrantView {
        super._fallback();
    }
}
