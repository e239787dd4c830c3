// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A token of which each unit is a wei that it holds
interface IWrappedEther {
    /// @notice Gives the caller as many units as it sends wei.
    function deposit() external payable;

    /// @notice Takes `units` from the caller, and sends it as many wei.
    function withdraw(uint256 units) external;
}
