// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    Breaker,
    CollateralListing,
    LiquidationParameters,
    MarketListing,
    OutflowLimit,
    PauseParameters
} from "../Types.sol";

/// @title What can be asked: section 11 of the specification
/// @notice None reverts because a price is unusable or an account unknown; an unknown market or collateral reverts.
interface IViews {
    /// @notice Values an account at current prices. Rule W1.
    /// @return status 0; or that of the first unusable price: 1 unavailable, 2 out of bounds, 3 stale; or that of the
    /// first uncertain mark, 4 deviating, 5 failed over, with the values that a liquidation goes by
    /// @return equity quote wad, may be negative; zero if status is 1 to 3
    /// @return initialMargin quote wad; zero if status is 1 to 3
    /// @return maintenanceMargin quote wad; zero if status is 1 to 3
    function accountHealth(address account)
        external
        view
        returns (uint256 status, int256 equity, uint256 initialMargin, uint256 maintenanceMargin);

    /// @notice Values a bucket at the market's current mark. Rule W5.
    /// @return status 0, or the status of the mark if the bucket has a position
    /// @return equity quote wad, may be negative; zero if status is 1 to 3
    /// @return initialMargin quote wad; zero if status is 1 to 3
    /// @return maintenanceMargin quote wad; zero if status is 1 to 3
    function bucketHealth(address account, uint256 market)
        external
        view
        returns (uint256 status, int256 equity, uint256 initialMargin, uint256 maintenanceMargin);

    /// @notice `accountHealth` with the values that what an owner does is tested by. Rule W8.
    /// @return status as `accountHealth` says
    /// @return equity quote wad, may be negative; zero if status is 1 to 3
    /// @return initialMargin quote wad; zero if status is 1 to 3
    /// @return maintenanceMargin quote wad; zero if status is 1 to 3
    function prudentHealth(address account)
        external
        view
        returns (uint256 status, int256 equity, uint256 initialMargin, uint256 maintenanceMargin);

    /// @notice `bucketHealth` with the values that what an owner does is tested by. Rule W8.
    /// @return status as `bucketHealth` says
    /// @return equity quote wad, may be negative; zero if status is 1 to 3
    /// @return initialMargin quote wad; zero if status is 1 to 3
    /// @return maintenanceMargin quote wad; zero if status is 1 to 3
    function prudentBucketHealth(address account, uint256 market)
        external
        view
        returns (uint256 status, int256 equity, uint256 initialMargin, uint256 maintenanceMargin);

    /// @return isolated whether the account's market is
    /// @return margin quote wad behind the position, may be negative; zero unless it is isolated
    function isolatedMarginOf(address account, uint256 market) external view returns (bool isolated, int256 margin);

    /// @notice What a position of `size` requires at `price`, quote wad, each rounded up. Rule W2.
    /// @dev For sizes and prices in the range of rule N6.
    function requirements(uint256 market, int256 size, uint256 price)
        external
        view
        returns (uint256 initial, uint256 maintenance);

    /// @notice The last price at which the account, or the bucket of an isolated market, is healthy, other prices fixed.
    /// Rule W3.
    /// @return status 0; 6 if there is no such price or no position; 1 to 5 if another needed price is not usable
    /// @return price a multiple of the tick, quote wad; zero unless status is 0
    function liquidationPrice(address account, uint256 market) external view returns (uint256 status, uint256 price);

    /// @notice Funding as of now, whether it is written down or not. Rule W4.
    /// @return rate wad of the index a day; longs pay where it is positive
    /// @return premium of trades over the mark, wad of it
    /// @return due quote wad on one base unit since the beginning
    function fundingOf(uint256 market) external view returns (int256 rate, int256 premium, int256 due);

    /// @notice The mark of a market, or the two pairs that an uncertain one is. Rule W7.
    /// @return status 0; 1 to 3 if it is unusable; 4 or 5 if it is uncertain
    /// @return low the prudent mark of a long position, quote wad; zero if status is 1 to 3, as the others
    /// @return high that of a short position
    /// @return lenientLong the lenient mark of a long position
    /// @return lenientShort that of a short position
    function markOf(uint256 market)
        external
        view
        returns (uint256 status, uint256 low, uint256 high, uint256 lenientLong, uint256 lenientShort);

    /// @notice What a market lets be done now. Rules W9, S4.
    /// @return status 0 everything; 1 open interest may not rise; 2 to 5 positions may only shrink
    function tradingStatus(uint256 market) external view returns (uint256 status);

    /// @notice How much of a collateral may leave now. Rules W9, S9.
    /// @return units token units; the largest number where there is no limit
    function outflowAvailable(uint256 collateral) external view returns (uint256 units);

    /// @return breaker of the market
    function breakerOf(uint256 market) external view returns (Breaker memory breaker);

    /// @return limit of what may leave of the collateral
    function outflowLimitOf(uint256 collateral) external view returns (OutflowLimit memory limit);

    /// @return parameters how a guardian may pause
    function pauseParameters() external view returns (PauseParameters memory parameters);

    /// @notice The last pause. Rule S7.
    /// @return until when it ends, Unix seconds
    /// @return graceUntil when liquidations begin again, Unix seconds
    /// @return pausableFrom when there may be another, Unix seconds
    function lastPause() external view returns (uint256 until, uint256 graceUntil, uint256 pausableFrom);

    /// @return size base wad, positive for long
    /// @return quote quote wad that belongs to the position, negative for what it cost
    function positionOf(address account, uint256 market) external view returns (int256 size, int256 quote);

    /// @return units token units; always zero for collateral 0, which is cash
    function collateralOf(address account, uint256 collateral) external view returns (uint256 units);

    /// @return units deposits less withdrawals, token units. Rule L5.
    function poolUnits(uint256 collateral) external view returns (uint256 units);

    /// @return size sum of all positive sizes, base wad. Rule T5.
    function openInterest(uint256 market) external view returns (uint256 size);

    /// @return listing the market with its present parameters and feed
    function marketAt(uint256 market) external view returns (MarketListing memory listing);

    /// @return listing the collateral with its present cap and feed
    function collateralAt(uint256 collateral) external view returns (CollateralListing memory listing);

    /// @return parameters how liquidations are sized and shared
    function liquidationParameters() external view returns (LiquidationParameters memory parameters);
}
