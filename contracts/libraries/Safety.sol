// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Breaker,
    CollateralListing,
    Feed,
    FundingParameters,
    LiquidationParameters,
    MarketLimits,
    OpenInterestScaling,
    OutflowLimit,
    PauseParameters,
    SecondSource
} from "../Types.sol";
import {IMarginEngineErrors} from "../interfaces/IMarginEngineErrors.sol";
import {FeedReader} from "./FeedReader.sol";
import {
    LARGEST_DEPOSIT_CAP,
    LARGEST_NOTIONAL,
    LARGEST_PRICE,
    LARGEST_SCALING,
    MOST_FUNDING_RATE,
    WAD,
    Wad
} from "./Wad.sol";

/// @title Which parameters are safe
/// @dev Section 3. Every refusal is `UnsafeParameter` with the name that rule P7 gives.
library Safety {
    uint256 private constant LONGEST_HEARTBEAT = 7 days;
    uint256 private constant LONGEST_INTERVAL = 1 days;
    uint256 private constant MOST_DECIMALS = 18;
    uint256 private constant LONGEST_HALT = 1 days;
    uint256 private constant LONGEST_OUTFLOW_WINDOW = 7 days;
    uint256 private constant LONGEST_REST = 30 days;

    /// @notice Refuses the parameter `name` unless `safe`. Rule P7.
    function require_(bool safe, bytes32 name) internal pure {
        if (!safe) revert IMarginEngineErrors.UnsafeParameter(name);
    }

    /// @notice Rule P1.
    function requireFeed(Feed calldata feed) internal view {
        require_(feed.decimals <= MOST_DECIMALS, "feed");
        require_(feed.heartbeat >= 1 && feed.heartbeat <= LONGEST_HEARTBEAT, "feed");
        require_(feed.minimumAnswer >= 1 && feed.minimumAnswer < feed.maximumAnswer, "feed");
        require_(FeedReader.toWad(feed.maximumAnswer, feed.decimals) <= LARGEST_PRICE, "feed");
        (bool known, uint256 decimals) = FeedReader.decimalsOf(feed.feed);
        require_(known && decimals == feed.decimals, "feed");
    }

    /// @notice Rule N5. A step of zero would be none.
    function requireSteps(uint256 lot, uint256 tick) internal pure {
        require_(lot > 0 && tick > 0 && lot * tick % WAD == 0, "lotTick");
    }

    /// @notice Rules P3, N6.
    /// @param largestPrice the market's largest price as listed, quote wad
    function requireLimits(MarketLimits memory limits, uint256 lot, uint256 largestPrice) internal pure {
        require_(limits.tradingFeeRate <= WAD / 100, "tradingFeeRate");
        uint256 limit = limits.positionLimit;
        require_(limit > 0 && limit % lot == 0, "positionLimit");
        // A size is stored in 128 bits with its sign. Rule N6.
        require_(limit <= uint128(type(int128).max), "positionLimit");
        // The same as `ceil(limit * price / W) <= 10^34`.
        require_(limit * largestPrice <= LARGEST_NOTIONAL * WAD, "positionLimit");
    }

    /// @notice Rule P10.
    function requireScaling(OpenInterestScaling calldata scaling) internal pure {
        require_(scaling.lower < scaling.upper && scaling.upper <= LARGEST_SCALING, "openInterestScaling");
    }

    /// @notice Rule P11.
    function requireFunding(FundingParameters calldata funding) internal pure {
        require_(funding.interval >= 1 && funding.interval <= LONGEST_INTERVAL, "funding");
        require_(funding.maximumRate <= MOST_FUNDING_RATE && funding.maximumVelocity <= MOST_FUNDING_RATE, "funding");
        require_(funding.premiumScale >= 1 && funding.premiumScale <= WAD, "funding");
        require_(funding.premiumDepth >= 1 && funding.premiumDepth <= LARGEST_NOTIONAL, "funding");
    }

    /// @notice What a healthy account can lose at an unmoved index stays below what it must have. Rules P3, P11, P12.
    /// @param deviationRate of the second source, wad; zero if there is none
    /// @param maintenanceRate of the first bracket, wad
    function requireMaintained(
        MarketLimits memory limits,
        FundingParameters memory funding,
        uint256 deviationRate,
        uint256 maintenanceRate
    ) internal pure {
        uint256 payment = Wad.divUp(uint256(funding.maximumRate) * funding.interval, 1 days);
        uint256 loss = uint256(limits.priceBandRate) + limits.liquidationPenaltyRate + payment + deviationRate;
        require_(loss < maintenanceRate, "penaltyAndBand");
    }

    /// @notice Rule P5 for collateral number 0.
    function requireSettlement(CollateralListing calldata listing) internal pure {
        require_(listing.haircutRate == 0, "haircut");
        require_(listing.liquidationDiscountRate == 0, "liquidationDiscount");
        require_(_isNoFeed(listing.feed), "feed");
    }

    /// @notice Rule P12 where there is no second source.
    function requireNoSecondSource(SecondSource calldata source) internal pure {
        require_(_isNoFeed(source.feed) && source.deviationRate == 0, "secondSource");
    }

    /// @notice Rule P12.
    function requireDeviation(uint256 deviationRate) internal pure {
        require_(deviationRate >= 1 && deviationRate <= WAD / 10, "secondSource");
    }

    /// @notice Rule P5 for every other collateral.
    function requireCollateral(CollateralListing calldata listing) internal view {
        require_(listing.haircutRate < WAD, "haircut");
        uint256 discount = listing.liquidationDiscountRate;
        require_(discount > 0 && discount < listing.haircutRate, "liquidationDiscount");
        requireFeed(listing.feed);
    }

    /// @notice Rule N6.
    function requireDepositCap(uint256 cap) internal pure {
        require_(cap <= LARGEST_DEPOSIT_CAP, "depositCap");
    }

    /// @notice The decimals of a token that is to be listed. Rule P5.
    /// @dev What does not say its decimals, or has no code, is no token.
    function tokenDecimals(address token) internal view returns (uint8) {
        (bool known, uint256 decimals) = FeedReader.decimalsOf(token);
        require_(known, "token");
        require_(decimals <= MOST_DECIMALS, "decimals");
        return uint8(decimals);
    }

    /// @notice Rule P6.
    function requireLiquidation(LiquidationParameters memory parameters) internal pure {
        require_(parameters.liquidatorShareRate <= WAD, "liquidatorShare");
        require_(parameters.closeFactorRate > 0 && parameters.closeFactorRate <= WAD, "closeFactor");
        require_(parameters.smallPositionNotional <= LARGEST_NOTIONAL, "smallPositionNotional");
    }

    /// @notice Rule S1.
    function requireBreaker(Breaker calldata breaker, uint256 lot) internal pure {
        require_(breaker.openInterestCap % lot == 0, "breaker");
        if (breaker.tripRate == 0) {
            require_(breaker.window == 0 && breaker.cooldown == 0, "breaker");
            return;
        }
        require_(breaker.tripRate <= WAD, "breaker");
        require_(breaker.window >= 1 && breaker.window <= LONGEST_HALT, "breaker");
        require_(breaker.cooldown >= 1 && breaker.cooldown <= LONGEST_HALT, "breaker");
    }

    /// @notice Rule S2.
    function requireOutflowLimit(OutflowLimit calldata limit) internal pure {
        if (limit.limit == 0 && limit.window == 0) return;
        require_(limit.limit >= 1 && limit.limit <= LARGEST_DEPOSIT_CAP, "outflowLimit");
        require_(limit.window >= 1 && limit.window <= LONGEST_OUTFLOW_WINDOW, "outflowLimit");
    }

    /// @notice Rule S3: positions can be liquidated for at least as long as they cannot.
    function requirePause(PauseParameters calldata parameters) internal pure {
        uint256 stopped = uint256(parameters.longest) + parameters.grace;
        require_(parameters.longest <= LONGEST_HALT && parameters.grace <= LONGEST_HALT, "pause");
        require_(parameters.rest >= stopped && parameters.rest <= LONGEST_REST, "pause");
    }

    function _isNoFeed(Feed calldata feed) private pure returns (bool) {
        return feed.feed == address(0) && feed.decimals == 0 && feed.heartbeat == 0 && feed.minimumAnswer == 0
            && feed.maximumAnswer == 0;
    }
}
