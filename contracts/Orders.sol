// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MarketListing} from "./Types.sol";
import {IAggregatorV3} from "./interfaces/IAggregatorV3.sol";
import {IMarginEngine} from "./interfaces/IMarginEngine.sol";
import {IMarginEngineErrors} from "./interfaces/IMarginEngineErrors.sol";
import {IOrders, Order, OrderParameters} from "./interfaces/IOrders.sol";
import {FeedReader} from "./libraries/FeedReader.sol";
import {Safety} from "./libraries/Safety.sol";
import {Wad} from "./libraries/Wad.sol";

/// @title Orders that are requested first and executed later
/// @notice An operator of the accounts that approve it: it holds nothing and has no right of its own.
/// @dev Section 17.
contract Orders is IOrders, IMarginEngineErrors {
    uint256 private constant LONGEST = 7 days;

    IMarginEngine private immutable _ENGINE;
    OrderParameters private _parameters;
    mapping(address account => mapping(uint256 market => Order)) internal _orders;

    /// @dev Rule D3.
    constructor(address engine_, OrderParameters memory parameters) {
        Safety.require_(engine_.code.length > 0, "engine");
        Safety.require_(parameters.minimumDelay >= 1, "orders");
        Safety.require_(parameters.minimumDelay <= parameters.maximumLifetime, "orders");
        Safety.require_(parameters.maximumLifetime <= LONGEST && parameters.binding <= LONGEST, "orders");
        _ENGINE = IMarginEngine(engine_);
        _parameters = parameters;
    }

    /// @inheritdoc IOrders
    function request(address account, uint256 market, int128 size, uint128 limitPrice, uint32 delay, uint32 window)
        external
    {
        _requireRight(account);
        if (market >= _ENGINE.marketCount()) revert UnknownMarket(market);
        if (_orders[account][market].size != 0) revert OrderPending(account, market);
        MarketListing memory listing = _ENGINE.marketAt(market);
        if (size == 0 || size % int256(uint256(listing.lot)) != 0) revert InvalidSize(Wad.abs(size));
        if (limitPrice == 0 || limitPrice % listing.tick != 0) revert InvalidPrice(limitPrice);
        if (delay < _parameters.minimumDelay || uint256(delay) + window > _parameters.maximumLifetime) {
            revert InvalidWindow(delay, window);
        }
        uint64 executableFrom = uint64(block.timestamp) + delay;
        uint64 expiresAt = executableFrom + window;
        _orders[account][market] = Order(size, limitPrice, uint64(block.timestamp), executableFrom, expiresAt);
        emit OrderRequested(account, market, size, limitPrice, executableFrom, expiresAt);
    }

    /// @inheritdoc IOrders
    function execute(address account, uint256 market, address counterparty) external {
        _requireRight(counterparty);
        Order memory order = _pending(account, market);
        if (block.timestamp < order.executableFrom) revert OrderNotExecutable(order.executableFrom);
        if (block.timestamp > order.expiresAt) revert OrderExpired(order.expiresAt);
        uint256 price = _priceOf(market, order);
        delete _orders[account][market];
        (address buyer, address seller) = order.size > 0 ? (account, counterparty) : (counterparty, account);
        _ENGINE.trade(market, buyer, seller, Wad.abs(order.size), price);
        emit OrderExecuted(account, market, counterparty, order.size, price);
    }

    /// @inheritdoc IOrders
    function cancel(address account, uint256 market) external {
        Order memory order = _pending(account, market);
        if (block.timestamp <= order.expiresAt) {
            _requireRight(account);
            uint256 until = uint256(order.executableFrom) + _parameters.binding;
            if (block.timestamp < until) revert OrderBinding(until);
        }
        delete _orders[account][market];
        emit OrderCancelled(account, market);
    }

    /// @inheritdoc IOrders
    function orderOf(address account, uint256 market) external view returns (Order memory) {
        return _orders[account][market];
    }

    /// @inheritdoc IOrders
    function orderParameters() external view returns (OrderParameters memory) {
        return _parameters;
    }

    /// @inheritdoc IOrders
    function engine() external view returns (address) {
        return address(_ENGINE);
    }

    /// @notice The mark, if the order may be executed at it. Rule D6.
    function _priceOf(uint256 market, Order memory order) private view returns (uint256 price) {
        uint256 status;
        (status, price,,,) = _ENGINE.markOf(market);
        if (status != FeedReader.FRESH) revert MarkUnusable(market, status);
        // A mark that is usable is what the market's own feed says, so that this feed answers, and is asked when.
        (,,, uint256 updatedAt,) = IAggregatorV3(_ENGINE.marketAt(market).feed.feed).latestRoundData();
        if (updatedAt <= order.requestedAt) revert PriceKnown(updatedAt, order.requestedAt);
        bool isWithin = order.size > 0 ? price <= order.limitPrice : price >= order.limitPrice;
        if (!isWithin) revert LimitPassed(price, order.limitPrice);
    }

    /// @dev No size is zero of an order that there is.
    function _pending(address account, uint256 market) private view returns (Order memory order) {
        order = _orders[account][market];
        if (order.size == 0) revert NoOrder(account, market);
    }

    /// @dev Rules A2, D4, D5, D7: the engine is asked who is whose operator.
    function _requireRight(address account) private view {
        if (msg.sender != account && !_ENGINE.isOperator(account, msg.sender)) {
            revert Unauthorized(msg.sender, account);
        }
    }
}
