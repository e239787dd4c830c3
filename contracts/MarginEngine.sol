// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Proxy} from "@openzeppelin/contracts/proxy/Proxy.sol";
import {Liquidation} from "./Liquidation.sol";
import {LiquidationParameters} from "./Types.sol";
import {Views} from "./Views.sol";
import {Safety} from "./libraries/Safety.sol";

/// @title The bundled margin engine
/// @notice Several markets, several collaterals, one pool of collateral behind all positions of an account.
/// @dev Read in this order: `Accounts` (who holds what), `Parameters` (what is listed), `Funding` (what one
/// side pays the other), `Risk` (what an account is
/// worth and must be worth), `Ledger` (money), `Buckets`
/// (isolated margin), `Trading`, `Liquidation`, `Views`; and `Governance`, whose functions
/// this contract has at its own address although their code stands at another: together they would be too large.
contract MarginEngine is Liquidation, Views, Proxy {
    /// @dev Fixed for good, as this contract's own code is.
    address private immutable _GOVERNANCE;

    /// @param governance a deployed `Governance`
    /// @param admin gets `DEFAULT_ADMIN_ROLE`. Rule A3.
    /// @param parameters how liquidations are sized and shared. Rule P6.
    constructor(address governance, address admin, LiquidationParameters memory parameters) {
        // A call passed on to an address without code would succeed, and do nothing.
        Safety.require_(governance.code.length > 0, "governance");
        _GOVERNANCE = governance;
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _setLiquidationParameters(parameters);
    }

    /// @dev Where functions are that this contract does not have.
    function _implementation() internal view override returns (address) {
        return _GOVERNANCE;
    }
}
