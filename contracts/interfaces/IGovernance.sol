// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {
    CollateralListing,
    Feed,
    FundingParameters,
    LiquidationParameters,
    MarketLimits,
    MarketListing,
    OpenInterestScaling,
    SecondSource
} from "../Types.sol";

/// @title What roles may change: sections 3 and 12 of the specification
interface IGovernance {
    /// @notice Lists a market and numbers it. Rules P4, C3.
    function listMarket(MarketListing calldata listing) external returns (uint256 market);

    /// @notice Lists a collateral and numbers it. Rules P5, C3.
    function listCollateral(CollateralListing calldata listing) external returns (uint256 collateral);

    /// @notice Changes the limits of a market. Rules P3, C1.
    function setMarketLimits(uint256 market, MarketLimits calldata limits) external;

    /// @notice Changes how a market's initial margin grows with its open interest. Rules P10, C1.
    function setOpenInterestScaling(uint256 market, OpenInterestScaling calldata scaling) external;

    /// @notice Changes how funding is reckoned in a market, from now on. Rules P11, F5, C1.
    function setFunding(uint256 market, FundingParameters calldata funding) external;

    /// @notice Changes a deposit cap, in token units. Rules P5, C1.
    function setDepositCap(uint256 collateral, uint128 cap) external;

    /// @notice Changes how liquidations are sized and shared. Rules P6, C1.
    function setLiquidationParameters(LiquidationParameters calldata parameters) external;

    /// @notice Changes the feed of a market. Rules P1, P4, C2.
    function setMarketFeed(uint256 market, Feed calldata feed) external;

    /// @notice Changes the second source of a market, or does without one. Rules P12, C2.
    function setSecondSource(uint256 market, SecondSource calldata source) external;

    /// @notice Changes the feed of a collateral other than the settlement token. Rules P1, C2.
    function setCollateralFeed(uint256 collateral, Feed calldata feed) external;
}
