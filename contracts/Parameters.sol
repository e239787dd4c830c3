// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";
import {Accounts} from "./Accounts.sol";
import {
    Breaker,
    Feed,
    FundingParameters,
    LiquidationParameters,
    MarketLimits,
    OpenInterestScaling,
    OutflowLimit,
    PauseParameters,
    SecondSource
} from "./Types.sol";
import {IParameters} from "./interfaces/IParameters.sol";
import {Brackets, MOST_BRACKETS} from "./libraries/Brackets.sol";
import {Safety} from "./libraries/Safety.sol";

/// @title What is listed, under which parameters
/// @dev Section 3. Who may change them, and how, is `Governance`.
abstract contract Parameters is Accounts, AccessControl, Initializable, IParameters {
    /// @notice Changes market limits, deposit caps and liquidation parameters. Rule A3.
    bytes32 public constant RISK_ROLE = keccak256("RISK_ROLE");

    /// @notice Changes feeds. Rule A3.
    bytes32 public constant ORACLE_ROLE = keccak256("ORACLE_ROLE");

    /// @notice Collects fees. Rule A3.
    bytes32 public constant TREASURER_ROLE = keccak256("TREASURER_ROLE");

    /// @notice What funding has come to in a market, in three slots. Section 8.
    /// @param rate wad of the index a day; longs pay where it is positive. Rule F1.
    /// @param premium of trades over the mark, wad of it. Rule F4.
    /// @param writtenAt when any of this was last written down, Unix seconds; zero before the first time
    /// @param carry what does not make a tick yet, in ticks times wad times the seconds of a day
    /// @param due what fell due on one base unit until then, quote wad; a multiple of the tick
    /// @param index that the next payments are reckoned on, quote wad
    /// @param exposure premium times the seconds it stood, of the running interval until `writtenAt`. Rule F1.
    /// @param begunAt when the running interval began, Unix seconds
    /// @param indexReadAt when the index was read, Unix seconds; zero before the first time
    struct FundingState {
        int64 rate;
        int64 premium;
        uint48 writtenAt;
        uint80 carry;
        int136 due;
        uint120 index;
        int128 exposure;
        uint48 begunAt;
        uint48 indexReadAt;
    }

    /// @notice What a market's breaker has seen, in one slot. Rules S4 to S6.
    /// @param anchor mark that later ones are compared with, quote wad; zero before the first
    /// @param anchoredAt when it was observed, Unix seconds
    /// @param haltedAt when a move halted the market last, Unix seconds; zero if none has
    /// @param reduceOnly whether the risk role lets the market only shrink
    struct Stop {
        uint120 anchor;
        uint48 anchoredAt;
        uint48 haltedAt;
        bool reduceOnly;
    }

    /// @notice What has left of a collateral lately, in one slot. Rule S9.
    /// @param used token units times seconds: what left, times the window
    /// @param at when that was, Unix seconds
    struct Outflow {
        uint160 used;
        uint48 at;
    }

    /// @notice The last pause, in one slot. Rules S7, S8.
    /// @param until when it ends, Unix seconds
    /// @param graceUntil when liquidations begin again, Unix seconds
    /// @param pausableFrom when there may be another, Unix seconds
    struct Pause {
        uint48 until;
        uint48 graceUntil;
        uint48 pausableFrom;
    }

    /// @notice A market. Rule P4.
    /// @param feed source of the mark
    /// @param lot smallest step of a size, base wad
    /// @param tick smallest step of a price, quote wad
    /// @param limits see `MarketLimits`
    /// @param scaling see `OpenInterestScaling`
    /// @param funding see `FundingParameters`
    /// @param fundingState see `FundingState`
    /// @param secondSource see `SecondSource`
    /// @param largestPrice the largest answer of the feed that it was listed with, quote wad: the most that any later
    /// feed may answer. Rules N6, C2.
    /// @param openInterest sum of all positive sizes, base wad. Rule T5.
    /// @param brackets margin rates. Rule P2.
    /// @param breaker see `Breaker`
    /// @param stop see `Stop`
    struct Market {
        Feed feed;
        uint128 lot;
        uint128 tick;
        MarketLimits limits;
        OpenInterestScaling scaling;
        FundingParameters funding;
        FundingState fundingState;
        SecondSource secondSource;
        uint256 largestPrice;
        uint256 openInterest;
        Brackets.Stored[MOST_BRACKETS] brackets;
        Breaker breaker;
        Stop stop;
    }

    /// @notice A collateral. Rule P5.
    /// @param token the token
    /// @param haircutRate part of the price that does not count, wad
    /// @param decimals of the token
    /// @param liquidationDiscountRate discount at which it is seized, wad
    /// @param depositCap token units
    /// @param poolUnits deposits less withdrawals, token units. Rule L5.
    /// @param feed source of the price; all zero for collateral 0
    /// @param outflowLimit see `OutflowLimit`
    /// @param outflow see `Outflow`
    struct Collateral {
        address token;
        uint64 haircutRate;
        uint8 decimals;
        uint64 liquidationDiscountRate;
        uint128 depositCap;
        uint256 poolUnits;
        Feed feed;
        OutflowLimit outflowLimit;
        Outflow outflow;
    }

    /// @inheritdoc IParameters
    uint256 public marketCount;

    /// @inheritdoc IParameters
    uint256 public collateralCount;

    LiquidationParameters internal _liquidationParameters;
    Market[MOST_MARKETS] internal _markets;
    Collateral[MOST_COLLATERALS] internal _collaterals;
    PauseParameters internal _pauseParameters;
    Pause internal _pause;

    /// @dev Rule U2. Code where it stands is initialised by nobody: only what runs it is.
    constructor() {
        _disableInitializers();
    }

    /// @dev Rule P6; also for the initialisation.
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
}
