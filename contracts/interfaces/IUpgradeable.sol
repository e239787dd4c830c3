// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {LiquidationParameters} from "../Types.sol";

/// @title How the engine begins, and how its code is replaced: section 16 of the specification
interface IUpgradeable {
    /// @notice Gives the first role and sets how liquidations are sized and shared, once. Rule U2.
    /// @param admin gets `DEFAULT_ADMIN_ROLE`. Rule A3.
    /// @param parameters how liquidations are sized and shared. Rule P6.
    function initialize(address admin, LiquidationParameters calldata parameters) external;

    /// @notice Has another implementation run on what is stored, from the next call on. Rules U3, U4.
    /// @param implementation answers `proxiableUUID()` as ERC-1822 says
    function upgrade(address implementation) external;

    /// @return where the code is that runs. Rule U1.
    function currentImplementation() external view returns (address);
}
