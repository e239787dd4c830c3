// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Delegation} from "./Delegation.sol";
import {Guardian} from "./Guardian.sol";
import {
    Bracket,
    CollateralListing,
    Feed,
    FundingParameters,
    LiquidationParameters,
    MarketLimits,
    MarketListing,
    OpenInterestScaling,
    SecondSource
} from "./Types.sol";
import {Upgrades} from "./Upgrades.sol";
import {IGovernance} from "./interfaces/IGovernance.sol";
import {Brackets, MOST_BRACKETS} from "./libraries/Brackets.sol";
import {FeedReader} from "./libraries/FeedReader.sol";
import {Safety} from "./libraries/Safety.sol";

/// @title Who may list what, and change which parameters
/// @dev Sections 3, 12 and 16; section 15 is `Guardian`'s. Code without a state of its own: `MarginEngine` runs it on its own storage, which both lay
/// out alike, because both begin with `Funding`. Called by itself it has no roles, and so does nothing.
/// A change is stored first and checked as it stands there; what is unsafe reverts.
contract Governance is Guardian, Upgrades, Delegation, IGovernance {
    using Brackets for Brackets.Stored[MOST_BRACKETS];

    /// @inheritdoc IGovernance
    function listMarket(MarketListing calldata listing) external onlyRole(DEFAULT_ADMIN_ROLE) returns (uint256 market) {
        market = marketCount;
        Safety.require_(market < MOST_MARKETS, "marketCount");
        Safety.requireFeed(listing.feed);
        Market storage self = _markets[market];
        self.feed = listing.feed;
        self.lot = listing.lot;
        self.tick = listing.tick;
        self.limits = listing.limits;
        self.scaling = listing.scaling;
        self.funding = listing.funding;
        self.secondSource = listing.secondSource;
        self.largestPrice = FeedReader.toWad(listing.feed.maximumAnswer, listing.feed.decimals);
        self.brackets.store(listing.brackets);
        Safety.requireSteps(self.lot, self.tick);
        _requireSuitableFeed(self);
        _requireSuitableSecondSource(self, listing.secondSource);
        _requireSafeLimits(self);
        Safety.requireScaling(listing.scaling);
        Safety.requireFunding(listing.funding);
        marketCount = market + 1;
        emit MarketListed(market, listing.lot, listing.tick);
        for (uint256 k; k < listing.brackets.length; ++k) {
            Bracket calldata bracket = listing.brackets[k];
            emit BracketListed(market, k, bracket.floor, bracket.initialRate, bracket.maintenanceRate);
        }
        _emitLimits(market, listing.limits);
        emit OpenInterestScalingSet(market, listing.scaling.lower, listing.scaling.upper);
        _emitFunding(market, listing.funding);
        _emitMarketFeed(market, listing.feed);
        if (listing.secondSource.feed.feed != address(0)) _emitSecondSource(market, listing.secondSource);
    }

    /// @inheritdoc IGovernance
    function listCollateral(CollateralListing calldata listing)
        external
        onlyRole(DEFAULT_ADMIN_ROLE)
        returns (uint256 collateral)
    {
        collateral = collateralCount;
        Safety.require_(collateral < MOST_COLLATERALS, "collateralCount");
        for (uint256 other; other < collateral; ++other) {
            Safety.require_(_collaterals[other].token != listing.token, "token");
        }
        uint8 decimals = Safety.tokenDecimals(listing.token);
        Safety.requireDepositCap(listing.depositCap);
        if (collateral == 0) Safety.requireSettlement(listing);
        else Safety.requireCollateral(listing);
        Collateral storage self = _collaterals[collateral];
        (self.token, self.haircutRate, self.decimals) = (listing.token, listing.haircutRate, decimals);
        self.liquidationDiscountRate = listing.liquidationDiscountRate;
        self.depositCap = listing.depositCap;
        self.feed = listing.feed;
        collateralCount = collateral + 1;
        emit CollateralListed(collateral, listing.token, decimals, listing.haircutRate, listing.liquidationDiscountRate);
        emit DepositCapSet(collateral, listing.depositCap);
        if (collateral != 0) _emitCollateralFeed(collateral, listing.feed);
    }

    /// @inheritdoc IGovernance
    function setMarketLimits(uint256 market, MarketLimits calldata limits) external onlyRole(RISK_ROLE) {
        _requireMarket(market);
        _markets[market].limits = limits;
        _requireSafeLimits(_markets[market]);
        _emitLimits(market, limits);
    }

    /// @inheritdoc IGovernance
    function setOpenInterestScaling(uint256 market, OpenInterestScaling calldata scaling) external onlyRole(RISK_ROLE) {
        _requireMarket(market);
        Safety.requireScaling(scaling);
        _markets[market].scaling = scaling;
        emit OpenInterestScalingSet(market, scaling.lower, scaling.upper);
    }

    /// @inheritdoc IGovernance
    function setFunding(uint256 market, FundingParameters calldata funding) external onlyRole(RISK_ROLE) {
        _requireMarket(market);
        Safety.requireFunding(funding);
        _accrueBeforeChange(market, funding.maximumRate);
        Market storage self = _markets[market];
        self.funding = funding;
        _requireMaintained(self);
        _emitFunding(market, funding);
    }

    /// @inheritdoc IGovernance
    function setDepositCap(uint256 collateral, uint128 cap) external onlyRole(RISK_ROLE) {
        _requireCollateral(collateral);
        Safety.requireDepositCap(cap);
        _collaterals[collateral].depositCap = cap;
        emit DepositCapSet(collateral, cap);
    }

    /// @inheritdoc IGovernance
    function setLiquidationParameters(LiquidationParameters calldata parameters) external onlyRole(RISK_ROLE) {
        _setLiquidationParameters(parameters);
    }

    /// @inheritdoc IGovernance
    function setMarketFeed(uint256 market, Feed calldata feed) external onlyRole(ORACLE_ROLE) {
        _requireMarket(market);
        Safety.requireFeed(feed);
        _markets[market].feed = feed;
        _requireSuitableFeed(_markets[market]);
        _emitMarketFeed(market, feed);
    }

    /// @inheritdoc IGovernance
    function setSecondSource(uint256 market, SecondSource calldata source) external onlyRole(ORACLE_ROLE) {
        _requireMarket(market);
        _markets[market].secondSource = source;
        _requireSuitableSecondSource(_markets[market], source);
        _requireMaintained(_markets[market]);
        _emitSecondSource(market, source);
    }

    /// @inheritdoc IGovernance
    function setCollateralFeed(uint256 collateral, Feed calldata feed) external onlyRole(ORACLE_ROLE) {
        _requireCollateral(collateral);
        Safety.require_(collateral != 0, "feed");
        Safety.requireFeed(feed);
        _collaterals[collateral].feed = feed;
        _emitCollateralFeed(collateral, feed);
    }

    /// @dev Rules P3, N6, which tie limits, brackets, funding and the largest price as listed together.
    function _requireSafeLimits(Market storage self) private view {
        Safety.requireLimits(self.limits, self.lot, self.largestPrice);
        _requireMaintained(self);
    }

    /// @dev Rules P3, P11, P12.
    function _requireMaintained(Market storage self) private view {
        Safety.requireMaintained(
            self.limits, self.funding, self.secondSource.deviationRate, self.brackets[0].maintenanceRate
        );
    }

    /// @dev Rules P4, C2, P12: the feed can answer at least a tick, and nothing above the largest price as listed; and it
    /// is not the second source.
    function _requireSuitableFeed(Market storage self) private view {
        Safety.require_(_canAnswer(self, self.feed) && self.feed.feed != self.secondSource.feed.feed, "feed");
    }

    /// @dev Rule P12.
    function _requireSuitableSecondSource(Market storage self, SecondSource calldata source) private view {
        if (source.feed.feed == address(0)) {
            Safety.requireNoSecondSource(source);
            return;
        }
        Safety.requireFeed(source.feed);
        Safety.requireDeviation(source.deviationRate);
        Safety.require_(_canAnswer(self, self.secondSource.feed) && self.feed.feed != source.feed.feed, "secondSource");
    }

    /// @dev Rules P4, C2, P12: the feed's largest answer is at least a tick and at most the largest price as listed.
    function _canAnswer(Market storage self, Feed storage feed) private view returns (bool) {
        uint256 most = FeedReader.toWad(feed.maximumAnswer, feed.decimals);
        return most >= self.tick && most <= self.largestPrice;
    }

    function _emitLimits(uint256 market, MarketLimits calldata limits) private {
        emit MarketLimitsSet(
            market, limits.priceBandRate, limits.tradingFeeRate, limits.liquidationPenaltyRate, limits.positionLimit
        );
    }

    function _emitFunding(uint256 market, FundingParameters calldata funding) private {
        emit FundingSet(
            market,
            funding.interval,
            funding.maximumRate,
            funding.maximumVelocity,
            funding.premiumScale,
            funding.premiumDepth
        );
    }

    function _emitMarketFeed(uint256 market, Feed calldata feed) private {
        emit MarketFeedSet(market, feed.feed, feed.decimals, feed.heartbeat, feed.minimumAnswer, feed.maximumAnswer);
    }

    function _emitSecondSource(uint256 market, SecondSource calldata source) private {
        Feed calldata feed = source.feed;
        emit SecondSourceSet(
            market,
            feed.feed,
            feed.decimals,
            feed.heartbeat,
            feed.minimumAnswer,
            feed.maximumAnswer,
            source.deviationRate
        );
    }

    function _emitCollateralFeed(uint256 collateral, Feed calldata feed) private {
        emit CollateralFeedSet(
            collateral, feed.feed, feed.decimals, feed.heartbeat, feed.minimumAnswer, feed.maximumAnswer
        );
    }
}
