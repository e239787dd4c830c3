// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Stage} from "./Stage.sol";
import {IOrders} from "contracts/interfaces/IOrders.sol";

/// @title What the handler does about orders
/// @dev The order that was requested last is remembered: what is not there cannot be executed.
abstract contract Requests is Stage {
    uint256 private _buyer;
    uint256 private _marketOfOrder;

    function requestOrder(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 account = _account(dice);
        uint256 m = _upTo(dice, MARKETS - 1);
        (uint256 size, uint256 price) = _sizeAndPrice(dice, m);
        int128 signed = _chance(dice, 50) ? int128(uint128(size)) : -int128(uint128(size));
        // Mostly a limit that any price at all is within.
        if (signed < 0 && _chance(dice, 80)) price = _markets[m].tick;
        else if (_chance(dice, 80)) price = 2 * price / _markets[m].tick * _markets[m].tick;
        _take(NOBODY);
        bytes memory data = abi.encodeCall(
            IOrders.request, (_at(account), m, signed, uint128(price), uint32(_between(dice, 1, 5)), 3_600)
        );
        if (_sendTo(_cast.orders, _callerFor(dice, account), data)) (_buyer, _marketOfOrder) = (account, m);
    }

    function executeOrder(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 counterparty = _between(dice, 5, 6);
        if (counterparty == _buyer) counterparty = 11 - counterparty;
        _take(_buyer, counterparty);
        bytes memory data = abi.encodeCall(IOrders.execute, (_at(_buyer), _marketOfOrder, _at(counterparty)));
        if (_sendTo(_cast.orders, _at(counterparty), data)) _interestChanged(_marketOfOrder);
    }

    function cancelOrder(uint256 draw) external {
        Dice memory dice = _dice(draw);
        _take(NOBODY);
        _sendTo(_cast.orders, _callerFor(dice, _buyer), abi.encodeCall(IOrders.cancel, (_at(_buyer), _marketOfOrder)));
    }
}
