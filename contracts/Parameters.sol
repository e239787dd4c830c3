// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {Accounts} from "./Accounts.sol";
import {Bracket, CollateralListing, Feed, LiquidationParameters, MarketLimits, MarketListing} from "./Types.sol";
import {IMarginEngine} from "./interfaces/IMarginEngine.sol";
import {Brackets, MOST_BRACKETS} from "./libraries/Brackets.sol";
import {FeedReader} from "./libraries/FeedReader.sol";
import {Safety} from "./libraries/Safety.sol";

/// @title What is listed, under which parameters, and who may change them
/// @dev Sections 3 and 10. A change is stored first and checked as it stands there; what is unsafe reverts.
abstract contract Parameters is Accounts, AccessControl {
    using Brackets for Brackets.Stored[MOST_BRACKETS];

    /// @notice Changes market limits, deposit caps and liquidation parameters. Rule A3.
    bytes32 public constant RISK_ROLE = keccak256("RISK_ROLE");

    /// @notice Changes feeds. Rule A3.
    bytes32 public constant ORACLE_ROLE = keccak256("ORACLE_ROLE");

    /// @notice Collects fees. Rule A3.
    bytes32 public constant TREASURER_ROLE = keccak256("TREASURER_ROLE");

    /// @notice A market. Rule P4.
    /// @param feed source of the mark
    /// @param lot smallest step of a size, base wad
    /// @param tick smallest step of a price, quote wad
    /// @param limits see `MarketLimits`
    /// @param largestPrice the largest answer of the feed that it was listed with, quote wad: the most that any later
    /// feed may answer. Rules N6, C2.
    /// @param openInterest sum of all positive sizes, base wad. Rule T5.
    /// @param brackets margin rates. Rule P2.
    struct Market {
        Feed feed;
        uint128 lot;
        uint128 tick;
        MarketLimits limits;
        uint256 largestPrice;
        uint256 openInterest;
        Brackets.Stored[MOST_BRACKETS] brackets;
    }

    /// @notice A collateral. Rule P5.
    /// @param token the token
    /// @param haircutRate part of the price that does not count, wad
    /// @param decimals of the token
    /// @param liquidationDiscountRate discount at which it is seized, wad
    /// @param depositCap token units
    /// @param poolUnits deposits less withdrawals, token units. Rule L5.
    /// @param feed source of the price; all zero for collateral 0
    struct Collateral {
        address token;
        uint64 haircutRate;
        uint8 decimals;
        uint64 liquidationDiscountRate;
        uint128 depositCap;
        uint256 poolUnits;
        Feed feed;
    }

    /// @inheritdoc IMarginEngine
    uint256 public marketCount;

    /// @inheritdoc IMarginEngine
    uint256 public collateralCount;

    LiquidationParameters internal _liquidationParameters;
    Market[MOST_MARKETS] internal _markets;
    Collateral[MOST_COLLATERALS] internal _collaterals;

    /// @inheritdoc IMarginEngine
    function listMarket(MarketListing calldata listing) external onlyRole(DEFAULT_ADMIN_ROLE) returns (uint256 market) {
        market = marketCount;
        Safety.require_(market < MOST_MARKETS, "marketCount");
        Safety.requireFeed(listing.feed);
        Market storage self = _markets[market];
        self.feed = listing.feed;
        self.lot = listing.lot;
        self.tick = listing.tick;
        self.limits = listing.limits;
        self.largestPrice = FeedReader.toWad(listing.feed.maximumAnswer, listing.feed.decimals);
        self.brackets.store(listing.brackets);
        Safety.requireSteps(self.lot, self.tick);
        _requireSuitableFeed(self);
        _requireSafeLimits(self);
        marketCount = market + 1;
        emit MarketListed(market, listing.lot, listing.tick);
        for (uint256 k; k < listing.brackets.length; ++k) {
            Bracket calldata bracket = listing.brackets[k];
            emit BracketListed(market, k, bracket.floor, bracket.initialRate, bracket.maintenanceRate);
        }
        _emitLimits(market, listing.limits);
        _emitMarketFeed(market, listing.feed);
    }

    /// @inheritdoc IMarginEngine
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
        _collaterals[collateral] = Collateral({
            token: listing.token,
            haircutRate: listing.haircutRate,
            decimals: decimals,
            liquidationDiscountRate: listing.liquidationDiscountRate,
            depositCap: listing.depositCap,
            poolUnits: 0,
            feed: listing.feed
        });
        collateralCount = collateral + 1;
        emit CollateralListed(collateral, listing.token, decimals, listing.haircutRate, listing.liquidationDiscountRate);
        emit DepositCapSet(collateral, listing.depositCap);
        if (collateral != 0) _emitCollateralFeed(collateral, listing.feed);
    }

    /// @inheritdoc IMarginEngine
    function setMarketLimits(uint256 market, MarketLimits calldata limits) external onlyRole(RISK_ROLE) {
        _requireMarket(market);
        _markets[market].limits = limits;
        _requireSafeLimits(_markets[market]);
        _emitLimits(market, limits);
    }

    /// @inheritdoc IMarginEngine
    function setDepositCap(uint256 collateral, uint128 cap) external onlyRole(RISK_ROLE) {
        _requireCollateral(collateral);
        Safety.requireDepositCap(cap);
        _collaterals[collateral].depositCap = cap;
        emit DepositCapSet(collateral, cap);
    }

    /// @inheritdoc IMarginEngine
    function setLiquidationParameters(LiquidationParameters calldata parameters) external onlyRole(RISK_ROLE) {
        _setLiquidationParameters(parameters);
    }

    /// @inheritdoc IMarginEngine
    function setMarketFeed(uint256 market, Feed calldata feed) external onlyRole(ORACLE_ROLE) {
        _requireMarket(market);
        Safety.requireFeed(feed);
        _markets[market].feed = feed;
        _requireSuitableFeed(_markets[market]);
        _emitMarketFeed(market, feed);
    }

    /// @inheritdoc IMarginEngine
    function setCollateralFeed(uint256 collateral, Feed calldata feed) external onlyRole(ORACLE_ROLE) {
        _requireCollateral(collateral);
        Safety.require_(collateral != 0, "feed");
        Safety.requireFeed(feed);
        _collaterals[collateral].feed = feed;
        _emitCollateralFeed(collateral, feed);
    }

    /// @dev Rule P6; also for the constructor.
    function _setLiquidationParameters(LiquidationParameters memory parameters) internal {
        Safety.requireLiquidation(parameters);
        _liquidationParameters = parameters;
        emit LiquidationParametersSet(
            parameters.liquidatorShareRate, parameters.closeFactorRate, parameters.smallPositionNotional
        );
    }

    /// @dev Rule P8.
    function _requireMarket(uint256 market) internal view {
        if (market >= marketCount) revert UnknownMarket(market);
    }

    /// @dev Rule P8.
    function _requireCollateral(uint256 collateral) internal view {
        if (collateral >= collateralCount) revert UnknownCollateral(collateral);
    }

    /// @dev Rules P3, N6, which tie limits, brackets and the largest price as listed together.
    function _requireSafeLimits(Market storage self) private view {
        Safety.requireLimits(self.limits, self.lot, self.largestPrice, self.brackets[0].maintenanceRate);
    }

    /// @dev Rules P4, C2: the feed can answer at least a tick, and nothing above the largest price as listed.
    function _requireSuitableFeed(Market storage self) private view {
        uint256 most = FeedReader.toWad(self.feed.maximumAnswer, self.feed.decimals);
        Safety.require_(most >= self.tick && most <= self.largestPrice, "feed");
    }

    function _emitLimits(uint256 market, MarketLimits calldata limits) private {
        emit MarketLimitsSet(
            market, limits.priceBandRate, limits.tradingFeeRate, limits.liquidationPenaltyRate, limits.positionLimit
        );
    }

    function _emitMarketFeed(uint256 market, Feed calldata feed) private {
        emit MarketFeedSet(market, feed.feed, feed.decimals, feed.heartbeat, feed.minimumAnswer, feed.maximumAnswer);
    }

    function _emitCollateralFeed(uint256 collateral, Feed calldata feed) private {
        emit CollateralFeedSet(
            collateral, feed.feed, feed.decimals, feed.heartbeat, feed.minimumAnswer, feed.maximumAnswer
        );
    }
}
