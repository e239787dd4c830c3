// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Liquidations: section 10 of the specification
interface ILiquidation {
    /// @notice Moves `size` of an unhealthy account's position to the liquidator, at the mark. Rules Q1 to Q5, Q7.
    function liquidate(address liquidator, address account, uint256 market, uint256 size) external;

    /// @notice Sells `units` of an unhealthy debtor's collateral to the liquidator, at a discount. Rules Q6, Q7.
    function seize(address liquidator, address account, uint256 collateral, uint256 units) external;
}
