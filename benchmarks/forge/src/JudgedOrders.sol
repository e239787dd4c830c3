// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Orders} from "contracts/Orders.sol";
import {Order, OrderParameters} from "contracts/interfaces/IOrders.sol";

/// @title The orders with one more view, which reads everything and judges it
/// @dev As `JudgedEngine` is for the engine.
contract JudgedOrders is Orders {
    /// @notice What does not hold, by the number of the specification's rule.
    error Broken(bytes32 rule);

    constructor(address engine, OrderParameters memory parameters) Orders(engine, parameters) {}

    /// @notice Reads every order of every account in the first four markets, and reverts if a rule is broken.
    /// @param lots of the markets, base wad
    /// @param ticks of the markets, quote wad
    function judge(address[8] calldata accounts, uint128[4] calldata lots, uint128[4] calldata ticks) external view {
        unchecked {
            for (uint256 account; account != 8; ++account) {
                for (uint256 market; market != 4; ++market) {
                    Order storage order = _orders[accounts[account]][market];
                    (int256 size, uint256 limitPrice) = (order.size, order.limitPrice);
                    (uint256 requestedAt, uint256 expiresAt) = (order.requestedAt, order.expiresAt);
                    if (size == 0) {
                        _require(limitPrice == 0 && requestedAt == 0 && expiresAt == 0, "D2");
                        continue;
                    }
                    _require(size % int256(uint256(lots[market])) == 0, "D4");
                    _require(limitPrice != 0 && limitPrice % ticks[market] == 0, "D4");
                    _require(requestedAt <= block.timestamp, "D2");
                    _require(requestedAt < order.executableFrom && order.executableFrom <= expiresAt, "D3");
                }
            }
        }
    }

    function _require(bool holds, bytes32 rule) private pure {
        if (!holds) revert Broken(rule);
    }
}
