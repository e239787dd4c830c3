// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CollateralListing, Feed, LiquidationParameters, MarketLimits, MarketListing} from "../Types.sol";
import {IMarginEngineErrors} from "./IMarginEngineErrors.sol";
import {IMarginEngineEvents} from "./IMarginEngineEvents.sol";

/// @title A cross-margined exchange for linear perpetuals
/// @notice Written from the specification, whose rule numbers are cited. Units: `units` of a token are its smallest;
/// sizes are base wad, prices, cash, equity and margins quote wad, rates wad. A wad is 10^-18.
interface IMarginEngine is IMarginEngineErrors, IMarginEngineEvents {
    // Actions

    /// @notice Lets `operator` act for the caller's account, or no longer. Rule A2.
    function setOperator(address operator, bool approved) external;

    /// @notice Pulls `units` from the caller into the account. Rule L1.
    function deposit(address account, uint256 collateral, uint256 units) external;

    /// @notice Pays `units` out of the account, to the account. Rule L2.
    function withdraw(address account, uint256 collateral, uint256 units) external;

    /// @notice Turns the value of a position into cash, at the mark. Rule L6.
    function settle(address account, uint256 market) external;

    /// @notice Pulls `units` of the settlement token from the caller into the insurance fund. Rule L7.
    function fundInsurance(uint256 units) external;

    /// @notice Pays `units` of the settlement token out of the fees. Rule L9.
    function collectFees(address to, uint256 units) external;

    /// @notice Books a trade on which two accounts have agreed. Rules T1 to T7.
    function trade(uint256 market, address buyer, address seller, uint256 size, uint256 price) external;

    /// @notice Moves `size` of an unhealthy account's position to the liquidator, at the mark. Rules Q1 to Q5, Q7.
    function liquidate(address liquidator, address account, uint256 market, uint256 size) external;

    /// @notice Sells `units` of an unhealthy debtor's collateral to the liquidator, at a discount. Rules Q6, Q7.
    function seize(address liquidator, address account, uint256 collateral, uint256 units) external;

    // Parameters

    /// @notice Lists a market and numbers it. Rules P4, C3.
    function listMarket(MarketListing calldata listing) external returns (uint256 market);

    /// @notice Lists a collateral and numbers it. Rules P5, C3.
    function listCollateral(CollateralListing calldata listing) external returns (uint256 collateral);

    /// @notice Changes the limits of a market. Rules P3, C1.
    function setMarketLimits(uint256 market, MarketLimits calldata limits) external;

    /// @notice Changes a deposit cap, in token units. Rules P5, C1.
    function setDepositCap(uint256 collateral, uint128 cap) external;

    /// @notice Changes how liquidations are sized and shared. Rules P6, C1.
    function setLiquidationParameters(LiquidationParameters calldata parameters) external;

    /// @notice Changes the feed of a market. Rules P1, P4, C2.
    function setMarketFeed(uint256 market, Feed calldata feed) external;

    /// @notice Changes the feed of a collateral other than the settlement token. Rules P1, C2.
    function setCollateralFeed(uint256 collateral, Feed calldata feed) external;

    // Views. None reverts because a price is unusable or an account unknown; an unknown market or collateral reverts.

    /// @notice Values an account at current prices. Rule W1.
    /// @return status 0, or the status of the first unusable price: 1 unavailable, 2 out of bounds, 3 stale
    /// @return equity quote wad, may be negative; zero unless status is 0
    /// @return initialMargin quote wad; zero unless status is 0
    /// @return maintenanceMargin quote wad; zero unless status is 0
    function accountHealth(address account)
        external
        view
        returns (uint256 status, int256 equity, uint256 initialMargin, uint256 maintenanceMargin);

    /// @notice What a position of `size` requires at `price`, quote wad, each rounded up. Rule W2.
    /// @dev For sizes and prices in the range of rule N6.
    function requirements(uint256 market, int256 size, uint256 price)
        external
        view
        returns (uint256 initial, uint256 maintenance);

    /// @notice The last price at which the account is healthy, other prices fixed. Rule W3.
    /// @return status 0; 4 if there is no such price or no position; 1 to 3 if another needed price is unusable
    /// @return price a multiple of the tick, quote wad; zero unless status is 0
    function liquidationPrice(address account, uint256 market) external view returns (uint256 status, uint256 price);

    /// @return cash quote wad, negative for a debt
    function cashOf(address account) external view returns (int256 cash);

    /// @return size base wad, positive for long
    /// @return quote quote wad that belongs to the position, negative for what it cost
    function positionOf(address account, uint256 market) external view returns (int256 size, int256 quote);

    /// @return units token units; always zero for collateral 0, which is cash
    function collateralOf(address account, uint256 collateral) external view returns (uint256 units);

    /// @return units deposits less withdrawals, token units. Rule L5.
    function poolUnits(uint256 collateral) external view returns (uint256 units);

    /// @return size sum of all positive sizes, base wad. Rule T5.
    function openInterest(uint256 market) external view returns (uint256 size);

    /// @return quote wad of the insurance fund. Rule L8.
    function insurance() external view returns (uint256);

    /// @return quote wad of trading fees not yet collected. Rules T5, L9.
    function fees() external view returns (uint256);

    /// @return quote wad of losses that nobody has paid. Rules L8, Q7.
    function badDebt() external view returns (uint256);

    /// @return approved whether `operator` was approved by `account`; an account need not approve itself. Rule A2.
    function isOperator(address account, address operator) external view returns (bool approved);

    /// @return number of markets
    function marketCount() external view returns (uint256);

    /// @return number of collaterals, the settlement token included
    function collateralCount() external view returns (uint256);

    /// @return listing the market with its present limits and feed
    function marketAt(uint256 market) external view returns (MarketListing memory listing);

    /// @return listing the collateral with its present cap and feed
    function collateralAt(uint256 collateral) external view returns (CollateralListing memory listing);

    /// @return parameters how liquidations are sized and shared
    function liquidationParameters() external view returns (LiquidationParameters memory parameters);
}
