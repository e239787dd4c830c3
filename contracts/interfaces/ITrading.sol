// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Trades: section 7 of the specification
interface ITrading {
    /// @notice Books a trade on which two accounts have agreed. Rules T1 to T7.
    function trade(uint256 market, address buyer, address seller, uint256 size, uint256 price) external;
}
