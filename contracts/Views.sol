// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Extended} from "./Extended.sol";
import {Risk} from "./Risk.sol";
import {
    Bracket,
    Breaker,
    CollateralListing,
    LiquidationParameters,
    MarketListing,
    OutflowLimit,
    PauseParameters
} from "./Types.sol";
import {IViews} from "./interfaces/IViews.sol";
import {Brackets, MOST_BRACKETS} from "./libraries/Brackets.sol";
import {FeedReader, Price} from "./libraries/FeedReader.sol";
import {Wad} from "./libraries/Wad.sol";

/// @title What can be asked
/// @dev Section 11. Code without a state of its own: `MarginEngine` runs it on its own storage. Called by itself it
/// knows no market and no account.
contract Views is Risk, IViews, Extended {
    using Brackets for Brackets.Stored[MOST_BRACKETS];
    using FeedReader for Price;

    /// @dev Rule W3: status if there is no liquidation price.
    uint256 private constant NONE = 6;

    /// @param governance a deployed `Governance`
    constructor(address governance) Extended(governance, "governance") {}

    /// @inheritdoc IViews
    /// @dev Rule W1.
    function accountHealth(address account) external view returns (uint256, int256, uint256, uint256) {
        return _healthOf(account, Marks.LENIENT);
    }

    /// @inheritdoc IViews
    /// @dev Rule W5.
    function bucketHealth(address account, uint256 market) external view returns (uint256, int256, uint256, uint256) {
        return _bucketHealthOf(account, market, Marks.LENIENT);
    }

    /// @inheritdoc IViews
    /// @dev Rule W8.
    function prudentHealth(address account) external view returns (uint256, int256, uint256, uint256) {
        return _healthOf(account, Marks.PRUDENT);
    }

    /// @inheritdoc IViews
    /// @dev Rule W8.
    function prudentBucketHealth(address account, uint256 market)
        external
        view
        returns (uint256, int256, uint256, uint256)
    {
        return _bucketHealthOf(account, market, Marks.PRUDENT);
    }

    /// @inheritdoc IViews
    /// @dev Rule W5.
    function isolatedMarginOf(address account, uint256 market) external view returns (bool isolated, int256 margin) {
        _requireMarket(market);
        Account storage self = _accounts[account];
        return (_isIsolated(self, market), self.margins[market]);
    }

    /// @inheritdoc IViews
    /// @dev Rule W2.
    function requirements(uint256 market, int256 size, uint256 price)
        external
        view
        returns (uint256 initial, uint256 maintenance)
    {
        _requireMarket(market);
        return _requirementsUp(market, size, price);
    }

    /// @inheritdoc IViews
    /// @dev Rule W3.
    function liquidationPrice(address account, uint256 market) external view returns (uint256 status, uint256 price) {
        _requireMarket(market);
        int256 size = _accounts[account].positions[market].size;
        if (size == 0) return (NONE, 0);
        // At a price of zero the position is worth its quote, less funding, and requires nothing: what remains is the
        // rest of the account, or of the bucket.
        Price memory zero;
        zero.asset = market;
        Valuation memory rest;
        if (_isIsolated(_accounts[account], market)) {
            rest = _valueBucket(account, zero, Marks.USABLE);
        } else {
            Price memory unusable;
            (rest, unusable) = _tryValue(account, zero, Marks.USABLE);
            if (unusable.status != FeedReader.FRESH) return (unusable.status, 0);
        }
        uint256 ticks = _boundary(market, size, rest);
        return ticks == 0 ? (NONE, 0) : (FeedReader.FRESH, ticks * _markets[market].tick);
    }

    /// @inheritdoc IViews
    /// @dev Rule W4.
    function fundingOf(uint256 market) external view returns (int256 rate, int256 premium, int256 due) {
        _requireMarket(market);
        Accrued memory accrued = _accruedFunding(market);
        return (accrued.rate, _markets[market].fundingState.premium, accrued.due);
    }

    /// @inheritdoc IViews
    /// @dev Rule W7.
    function markOf(uint256 market)
        external
        view
        returns (uint256 status, uint256 low, uint256 high, uint256 lenientLong, uint256 lenientShort)
    {
        _requireMarket(market);
        Price memory mark = _priceOf(market);
        return (mark.status, mark.low, mark.high, mark.lenientLong, mark.lenientShort);
    }

    /// @inheritdoc IViews
    /// @dev Rule W9.
    function tradingStatus(uint256 market) external view returns (uint256) {
        _requireMarket(market);
        return _statusOf(_priceOf(market));
    }

    /// @inheritdoc IViews
    /// @dev Rule W9.
    function outflowAvailable(uint256 collateral) external view returns (uint256) {
        _requireCollateral(collateral);
        if (block.timestamp < _pause.until) return 0;
        OutflowLimit memory limit = _collaterals[collateral].outflowLimit;
        if (limit.window == 0) return type(uint256).max;
        return (uint256(limit.limit) * limit.window - _outflowUsed(collateral)) / limit.window;
    }

    /// @inheritdoc IViews
    function breakerOf(uint256 market) external view returns (Breaker memory) {
        _requireMarket(market);
        return _markets[market].breaker;
    }

    /// @inheritdoc IViews
    function outflowLimitOf(uint256 collateral) external view returns (OutflowLimit memory) {
        _requireCollateral(collateral);
        return _collaterals[collateral].outflowLimit;
    }

    /// @inheritdoc IViews
    function pauseParameters() external view returns (PauseParameters memory) {
        return _pauseParameters;
    }

    /// @inheritdoc IViews
    function lastPause() external view returns (uint256, uint256, uint256) {
        return (_pause.until, _pause.graceUntil, _pause.pausableFrom);
    }

    /// @inheritdoc IViews
    function positionOf(address account, uint256 market) external view returns (int256, int256) {
        _requireMarket(market);
        return _positionOf(_accounts[account], market);
    }

    /// @inheritdoc IViews
    function collateralOf(address account, uint256 collateral) external view returns (uint256) {
        _requireCollateral(collateral);
        return _accounts[account].units[collateral];
    }

    /// @inheritdoc IViews
    function poolUnits(uint256 collateral) external view returns (uint256) {
        _requireCollateral(collateral);
        return _collaterals[collateral].poolUnits;
    }

    /// @inheritdoc IViews
    function openInterest(uint256 market) external view returns (uint256) {
        _requireMarket(market);
        return _markets[market].openInterest;
    }

    /// @inheritdoc IViews
    function marketAt(uint256 market) external view returns (MarketListing memory listing) {
        _requireMarket(market);
        Market storage self = _markets[market];
        listing.feed = self.feed;
        listing.lot = self.lot;
        listing.tick = self.tick;
        listing.limits = self.limits;
        listing.scaling = self.scaling;
        listing.funding = self.funding;
        listing.secondSource = self.secondSource;
        listing.brackets = new Bracket[](self.brackets.count());
        for (uint256 k; k < listing.brackets.length; ++k) {
            Brackets.Stored storage stored = self.brackets[k];
            listing.brackets[k] = Bracket(stored.floor, stored.initialRate, stored.maintenanceRate);
        }
    }

    /// @inheritdoc IViews
    function collateralAt(uint256 collateral) external view returns (CollateralListing memory) {
        _requireCollateral(collateral);
        Collateral storage self = _collaterals[collateral];
        return CollateralListing(self.token, self.haircutRate, self.liquidationDiscountRate, self.depositCap, self.feed);
    }

    /// @inheritdoc IViews
    function liquidationParameters() external view returns (LiquidationParameters memory) {
        return _liquidationParameters;
    }

    /// @dev Rules W1, W8.
    function _healthOf(address account, Marks marks) private view returns (uint256, int256, uint256, uint256) {
        (Valuation memory valuation, Price memory unusable) = _tryValue(account, _noPrice(), marks);
        if (unusable.status != FeedReader.FRESH) return (unusable.status, 0, 0, 0);
        return (valuation.uncertain, valuation.equity, valuation.initialMargin, valuation.maintenanceMargin);
    }

    /// @dev Rules W5, W8.
    function _bucketHealthOf(address account, uint256 market, Marks marks)
        private
        view
        returns (uint256, int256, uint256, uint256)
    {
        _requireMarket(market);
        Account storage self = _accounts[account];
        if (!_isIsolated(self, market)) return (FeedReader.FRESH, 0, 0, 0);
        Price memory mark;
        mark.asset = market;
        if (self.positions[market].size != 0) mark = _priceOf(market);
        if (mark.isUnusable()) return (mark.status, 0, 0, 0);
        Valuation memory valuation = _valueBucket(account, mark, marks);
        return (valuation.uncertain, valuation.equity, valuation.initialMargin, valuation.maintenanceMargin);
    }

    /// @notice The number of ticks of the liquidation price, or 0 if there is none. Rule W3.
    /// @dev Health changes at most once between one tick and the largest mark, so halving finds where: `well` is always
    /// a healthy price and `ill` an unhealthy one, in ticks. A long is best off at the largest mark, a short at one
    /// tick.
    /// @param rest the account or bucket without the market's position but with its quote
    function _boundary(uint256 market, int256 size, Valuation memory rest) private view returns (uint256 well) {
        uint256 last = FeedReader.toWad(_markets[market].feed.maximumAnswer, _markets[market].feed.decimals)
            / _markets[market].tick;
        uint256 ill;
        (ill, well) = size > 0 ? (uint256(1), last) : (last, uint256(1));
        if (!_isHealthyAt(market, size, rest, well) || _isHealthyAt(market, size, rest, ill)) return 0;
        while (well > ill ? well - ill > 1 : ill - well > 1) {
            uint256 middle = (well + ill) / 2;
            if (_isHealthyAt(market, size, rest, middle)) well = middle;
            else ill = middle;
        }
    }

    /// @dev Rule V8 at a mark of so many ticks.
    function _isHealthyAt(uint256 market, int256 size, Valuation memory rest, uint256 ticks)
        private
        view
        returns (bool)
    {
        uint256 price = ticks * _markets[market].tick;
        uint256 maintenance = rest.maintenanceMargin + _maintenanceUp(market, size, price);
        return rest.equity + Wad.worth(size, int256(price)) >= int256(maintenance);
    }
}
