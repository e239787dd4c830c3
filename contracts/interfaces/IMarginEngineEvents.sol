// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What the engine tells the world. Units are those of the rule that names a value; see section 14.
interface IMarginEngineEvents {
    event OperatorSet(address indexed account, address indexed operator, bool approved);
    event Deposited(address indexed account, uint256 indexed collateral, uint256 units);
    event Withdrawn(address indexed account, uint256 indexed collateral, uint256 units);
    event Settled(address indexed account, uint256 indexed market, int256 value);
    event InsuranceFunded(address indexed from, uint256 units);
    event FeesCollected(address indexed to, uint256 units);

    /// @notice `fee` is what each of the two sides paid.
    event Traded(
        uint256 indexed market, address indexed buyer, address indexed seller, uint256 size, uint256 price, uint256 fee
    );
    event Isolated(address indexed account, uint256 indexed market, uint256 amount);
    event Joined(address indexed account, uint256 indexed market, int256 margin);
    event MarginMoved(address indexed account, uint256 indexed market, int256 amount);
    event FundingAccrued(uint256 indexed market, int256 rate, int256 due, uint256 index);
    event Liquidated(
        address indexed account,
        address indexed liquidator,
        uint256 indexed market,
        uint256 size,
        uint256 mark,
        uint256 liquidatorPart,
        uint256 insurancePart
    );
    event Seized(
        address indexed account, address indexed liquidator, uint256 indexed collateral, uint256 units, uint256 payment
    );
    event BadDebtRecorded(address indexed account, uint256 shortfall, uint256 paidByInsurance);

    event MarketListed(uint256 indexed market, uint128 lot, uint128 tick);
    event BracketListed(
        uint256 indexed market, uint256 indexed bracket, uint128 floor, uint64 initialRate, uint64 maintenanceRate
    );
    event CollateralListed(
        uint256 indexed collateral,
        address indexed token,
        uint8 decimals,
        uint64 haircutRate,
        uint64 liquidationDiscountRate
    );
    event MarketLimitsSet(
        uint256 indexed market,
        uint64 priceBandRate,
        uint64 tradingFeeRate,
        uint64 liquidationPenaltyRate,
        uint128 positionLimit
    );
    event OpenInterestScalingSet(uint256 indexed market, uint128 lower, uint128 upper);
    event FundingSet(
        uint256 indexed market,
        uint32 interval,
        uint64 maximumRate,
        uint64 maximumVelocity,
        uint64 premiumScale,
        uint128 premiumDepth
    );
    event DepositCapSet(uint256 indexed collateral, uint128 cap);
    event LiquidationParametersSet(uint64 liquidatorShareRate, uint64 closeFactorRate, uint128 smallPositionNotional);
    event MarketFeedSet(
        uint256 indexed market,
        address indexed feed,
        uint8 decimals,
        uint32 heartbeat,
        int192 minimumAnswer,
        int192 maximumAnswer
    );

    /// @notice All zero where there is no second source from now on.
    event SecondSourceSet(
        uint256 indexed market,
        address indexed feed,
        uint8 decimals,
        uint32 heartbeat,
        int192 minimumAnswer,
        int192 maximumAnswer,
        uint64 deviationRate
    );
    event CollateralFeedSet(
        uint256 indexed collateral,
        address indexed feed,
        uint8 decimals,
        uint32 heartbeat,
        int192 minimumAnswer,
        int192 maximumAnswer
    );
    event BreakerSet(uint256 indexed market, uint64 tripRate, uint32 window, uint32 cooldown, uint128 openInterestCap);
    event ReduceOnlySet(uint256 indexed market, bool reduceOnly);
    event OutflowLimitSet(uint256 indexed collateral, uint128 limit, uint32 window);
    event PauseParametersSet(uint32 longest, uint32 grace, uint32 rest);
    event MarketHalted(uint256 indexed market, uint256 mark, uint256 anchor);
    event Paused(uint256 until, uint256 graceUntil);
    event Unpaused(uint256 graceUntil);

    /// @notice Another implementation runs from now on. Rule U3.
    event Upgraded(address indexed implementation);

    /// @notice The account's next signature needs this nonce; lower ones count for nothing. Rule A6.
    event NoncesBurned(address indexed account, uint256 nonce);
}
