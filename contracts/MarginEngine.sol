// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Liquidation} from "./Liquidation.sol";
import {LiquidationParameters} from "./Types.sol";
import {Views} from "./Views.sol";

/// @title The bundled margin engine
/// @notice Several markets, several collaterals, one pool of collateral behind all positions of an account.
/// @dev Read in this order: `Accounts` (who holds what), `Parameters` (what is listed), `Risk` (what an account is
/// worth and must be worth), `Ledger` (money), `Trading`, `Liquidation`, `Views`.
contract MarginEngine is Liquidation, Views {
    /// @param admin gets `DEFAULT_ADMIN_ROLE`. Rule A3.
    /// @param parameters how liquidations are sized and shared. Rule P6.
    constructor(address admin, LiquidationParameters memory parameters) {
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
        _setLiquidationParameters(parameters);
    }
}
