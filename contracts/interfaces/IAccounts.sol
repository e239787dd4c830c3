// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Whose account it is: section 2 of the specification
interface IAccounts {
    /// @notice Lets `operator` act for the caller's account, or no longer. Rule A2.
    function setOperator(address operator, bool approved) external;

    /// @return approved whether `operator` was approved by `account`; an account need not approve itself. Rule A2.
    function isOperator(address account, address operator) external view returns (bool approved);

    /// @return cash quote wad, negative for a debt
    function cashOf(address account) external view returns (int256 cash);
}
