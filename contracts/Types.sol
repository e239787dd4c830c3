// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice A price source. Rule P1.
/// @param feed contract that answers `latestRoundData()`
/// @param decimals decimals of its answers
/// @param heartbeat age in seconds up to which an answer is fresh
/// @param minimumAnswer smallest answer that is believed, in the feed's decimals
/// @param maximumAnswer largest answer that is believed, in the feed's decimals
struct Feed {
    address feed;
    uint8 decimals;
    uint32 heartbeat;
    int192 minimumAnswer;
    int192 maximumAnswer;
}

/// @notice Another source of a market's mark. Rule P12.
/// @param feed the source; all zero if there is none
/// @param deviationRate how far the two may be apart, wad of what the market's feed says
struct SecondSource {
    Feed feed;
    uint64 deviationRate;
}

/// @notice The margin rates that hold from a notional on. Rule P2.
/// @param floor notional from which the bracket applies, quote wad
/// @param initialRate marginal initial margin rate, wad
/// @param maintenanceRate marginal maintenance margin rate, wad
struct Bracket {
    uint128 floor;
    uint64 initialRate;
    uint64 maintenanceRate;
}

/// @notice What the risk role may change of a market. Rule P3.
/// @param priceBandRate largest distance of a trade's price from the mark, wad of the mark
/// @param tradingFeeRate fee of each side, wad of the amount
/// @param liquidationPenaltyRate penalty of the liquidated account, wad of the amount closed
/// @param positionLimit largest size that a position may grow to, base wad
struct MarketLimits {
    uint64 priceBandRate;
    uint64 tradingFeeRate;
    uint64 liquidationPenaltyRate;
    uint128 positionLimit;
}

/// @notice How initial margin grows with a market's open interest. Rules P10, V5.
/// @param lower open interest above which it grows, quote wad
/// @param upper open interest from which it is the whole notional, quote wad
struct OpenInterestScaling {
    uint128 lower;
    uint128 upper;
}

/// @notice How funding is reckoned. Rule P11.
/// @param interval seconds from one payment to the next
/// @param maximumRate largest rate, wad of the index a day
/// @param maximumVelocity most by which an interval changes the rate, wad of the index a day
/// @param premiumScale premium at which it changes it by that much, wad of the index
/// @param premiumDepth amount traded that moves the premium by its scale, quote wad
struct FundingParameters {
    uint32 interval;
    uint64 maximumRate;
    uint64 maximumVelocity;
    uint64 premiumScale;
    uint128 premiumDepth;
}

/// @notice A market as it is listed. Rule P4.
/// @param feed source of the mark
/// @param lot smallest step of a size, base wad
/// @param tick smallest step of a price, quote wad
/// @param limits what the risk role may change later
/// @param scaling the same
/// @param funding the same
/// @param secondSource what the oracle role may change later, as it may the feed
/// @param brackets one to eight brackets, rising
struct MarketListing {
    Feed feed;
    uint128 lot;
    uint128 tick;
    MarketLimits limits;
    OpenInterestScaling scaling;
    FundingParameters funding;
    SecondSource secondSource;
    Bracket[] brackets;
}

/// @notice A collateral as it is listed. Rule P5.
/// @param token ERC-20 token without fees, rebasing or callbacks
/// @param haircutRate part of the price that does not count, wad
/// @param liquidationDiscountRate discount at which it is seized, wad
/// @param depositCap largest pool that a deposit may lead to, token units
/// @param feed source of the price of one whole token; all zero for collateral 0
struct CollateralListing {
    address token;
    uint64 haircutRate;
    uint64 liquidationDiscountRate;
    uint128 depositCap;
    Feed feed;
}

/// @notice How liquidations are sized and shared. Rule P6.
/// @param liquidatorShareRate liquidator's part of a penalty, wad
/// @param closeFactorRate part of a position that one liquidation may close, wad
/// @param smallPositionNotional notional up to which a position may be closed at once, quote wad
struct LiquidationParameters {
    uint64 liquidatorShareRate;
    uint64 closeFactorRate;
    uint128 smallPositionNotional;
}

/// @notice When a market stops growing. Rule S1. All zero: never.
/// @param tripRate how far the mark may be from the anchor, wad of it; zero if no move halts the market
/// @param window how old an anchor gets before it is replaced, seconds
/// @param cooldown how long a halt lasts, and after it the reopening, seconds
/// @param openInterestCap largest open interest that a trade may lead to, base wad; zero for none
struct Breaker {
    uint64 tripRate;
    uint32 window;
    uint32 cooldown;
    uint128 openInterestCap;
}

/// @notice How much of a collateral may leave. Rule S2. All zero: as much as is there.
/// @param limit token units in any window that begins with nothing used
/// @param window seconds in which what was used is forgotten
struct OutflowLimit {
    uint128 limit;
    uint32 window;
}

/// @notice How a guardian may pause. Rule S3. All zero: not at all.
/// @param longest seconds that a pause lasts at most
/// @param grace seconds after it in which nobody is liquidated
/// @param rest seconds after that in which there is no other pause
struct PauseParameters {
    uint32 longest;
    uint32 grace;
    uint32 rest;
}
