// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CHEATS} from "./Cheats.sol";
import {Ethers} from "./Ethers.sol";
import {Guards} from "./Guards.sol";
import {Issuers} from "./Issuers.sol";
import {Requests} from "./Requests.sol";
import {Cast, Options, Stage} from "./Stage.sol";
import {
    Feed,
    FundingParameters,
    LiquidationParameters,
    MarketLimits,
    OpenInterestScaling,
    SecondSource
} from "contracts/Types.sol";
import {Bundler} from "contracts/harness/Bundler.sol";
import {IAccounts} from "contracts/interfaces/IAccounts.sol";
import {IBuckets} from "contracts/interfaces/IBuckets.sol";
import {IDelegation} from "contracts/interfaces/IDelegation.sol";
import {IGovernance} from "contracts/interfaces/IGovernance.sol";
import {ILedger} from "contracts/interfaces/ILedger.sol";
import {ILiquidation} from "contracts/interfaces/ILiquidation.sol";
import {ITrading} from "contracts/interfaces/ITrading.sol";
import {IUpgradeable} from "contracts/interfaces/IUpgradeable.sol";
import {TestFeed} from "contracts/testing/TestFeed.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title What an auditor's handler does: the same kinds of action as the hunt, with bounded inputs
/// @dev What the engine refuses is swallowed unless `Options` say otherwise: forge asks no invariant after a call that
/// reverts.
contract Handler is Guards, Requests, Issuers, Ethers {
    constructor(Cast memory cast, Options memory options) Stage(cast, options) {}

    // ---- the ledger

    function deposit(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 account = _account(dice);
        uint256 collateral = _collateral(dice);
        uint256 units = _cast.walletUnits[collateral] * _between(dice, 0, 100) / 2_000;
        if (_chance(dice, 8)) {
            (uint256 cap, uint256 pool) = (_caps[collateral], ENGINE.poolUnits(collateral));
            units = cap > pool ? cap - pool + _upTo(dice, 1) : 1;
        }
        _take(account);
        _send(_callerFor(dice, account), abi.encodeCall(ILedger.deposit, (_at(account), collateral, units)));
    }

    function withdraw(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 account = _account(dice);
        uint256 collateral = _collateral(dice);
        uint256 units;
        if (collateral == 0) {
            int256 cash = ENGINE.cashOf(_at(account));
            units = cash > 0 ? uint256(cash) / 1e12 : 1;
        } else if (collateral < COLLATERALS) {
            units = ENGINE.collateralOf(_at(account), collateral);
        }
        // Near, at or beyond all there is; or a part of it.
        units = _chance(dice, 30) ? units + _upTo(dice, 1) : units * _between(dice, 0, 100) / 100;
        _take(account);
        _send(_callerFor(dice, account), abi.encodeCall(ILedger.withdraw, (_at(account), collateral, units)));
    }

    function settle(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 account = _account(dice);
        uint256 market = _held(account, _market(dice));
        _take(account);
        _send(_callerFor(dice, account), abi.encodeCall(ILedger.settle, (_at(account), market)));
    }

    function accrueFunding(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 market = _market(dice);
        _take(NOBODY);
        _send(_at(_account(dice)), abi.encodeCall(ILedger.accrueFunding, (market)));
    }

    function setOperator(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 account = _account(dice);
        uint256 operator = _chance(dice, 70) ? 0 : 1;
        bool approved = _chance(dice, operator == 0 ? 85 : 50);
        _take(account);
        if (_send(_at(account), abi.encodeCall(IAccounts.setOperator, (_cast.operators[operator], approved)))) {
            uint16 bit = uint16(1 << (2 * account + operator));
            _approvals = approved ? _approvals | bit : _approvals & ~bit;
        }
    }

    function fundInsurance(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 units = _cast.walletUnits[0] / 1_000 * _upTo(dice, 2);
        _take(NOBODY);
        _send(_at(_account(dice)), abi.encodeCall(ILedger.fundInsurance, (units)));
    }

    function collectFees(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 account = _account(dice);
        uint256 units = ENGINE.fees() / 1e12 + _upTo(dice, 1);
        _take(account);
        address caller = _chance(dice, 85) ? _cast.staff[3] : _cast.outsider;
        _send(caller, abi.encodeCall(ILedger.collectFees, (_at(account), units)));
    }

    function donate(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 collateral = _upTo(dice, COLLATERALS - 1);
        uint256 units = _cast.walletUnits[collateral] / 1_000 * _upTo(dice, 3);
        uint256 account = _account(dice);
        _take(NOBODY);
        _sendTo(_cast.tokens[collateral], _at(account), abi.encodeCall(IERC20.transfer, (address(ENGINE), units)));
    }

    // ---- isolated margin

    function isolate(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 account = _account(dice);
        uint256 market = _held(account, _market(dice));
        int256 cash = ENGINE.cashOf(_at(account));
        uint256 amount = cash > 0 ? uint256(cash) * _upTo(dice, 100) / 400 : _upTo(dice, 1);
        _take(account);
        _send(_callerFor(dice, account), abi.encodeCall(IBuckets.isolate, (_at(account), market, amount)));
    }

    function join(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 account = _account(dice);
        uint256 market = _isolated(account, _market(dice));
        _take(account);
        _send(_callerFor(dice, account), abi.encodeCall(IBuckets.join, (_at(account), market)));
    }

    function moveMargin(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 account = _account(dice);
        uint256 market = _isolated(account, _market(dice));
        int256 amount = ENGINE.cashOf(_at(account));
        if (market < MARKETS && _chance(dice, 50)) (, amount) = ENGINE.isolatedMarginOf(_at(account), market);
        else amount = -amount;
        amount = -amount * int256(_upTo(dice, 100)) / 100;
        _take(account);
        _send(_callerFor(dice, account), abi.encodeCall(IBuckets.moveMargin, (_at(account), market, amount)));
    }

    // ---- trades and liquidations

    function trade(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 market = _market(dice);
        uint256 buyer = _account(dice);
        uint256 seller = _account(dice);
        if (buyer == seller && !_chance(dice, 3)) seller = (buyer + 1) % 8;
        (uint256 size, uint256 price) = _sizeAndPrice(dice, market % MARKETS);
        _take(buyer, seller);
        address caller = _chance(dice, 92) ? _cast.operators[0] : _at(buyer);
        if (_send(caller, abi.encodeCall(ITrading.trade, (market, _at(buyer), _at(seller), size, price)))) {
            _interestChanged(market);
        }
    }

    function liquidate(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 account = _prey(dice, false);
        uint256 liquidator = _liquidator(dice, account);
        uint256 market = _held(account, _market(dice));
        uint256 size;
        if (market < MARKETS) {
            (int256 held,) = ENGINE.positionOf(_at(account), market);
            uint256 lot = _markets[market].lot;
            size = uint256(held < 0 ? -held : held) / (_chance(dice, 40) ? 1 : _between(dice, 2, 4)) / lot * lot;
            if (size == 0) size = lot * _upTo(dice, 1);
        }
        _take(liquidator, account);
        address caller = _chance(dice, 85) ? _at(liquidator) : _cast.operators[0];
        if (_send(caller, abi.encodeCall(ILiquidation.liquidate, (_at(liquidator), _at(account), market, size)))) {
            _interestChanged(market);
        }
    }

    function seize(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 account = _prey(dice, true);
        uint256 liquidator = _liquidator(dice, account);
        uint256 collateral = _between(dice, 1, COLLATERALS - 1);
        uint256 units = ENGINE.collateralOf(_at(account), collateral);
        units = _chance(dice, 30) ? units : units * _between(dice, 0, 100) / 1_000 + 1;
        _take(liquidator, account);
        address caller = _chance(dice, 85) ? _at(liquidator) : _cast.operators[0];
        _send(caller, abi.encodeCall(ILiquidation.seize, (_at(liquidator), _at(account), collateral, units)));
    }

    /// @notice Two actions of the attacker's contract in one transaction.
    function bundle(uint256 draw) external {
        Dice memory dice = _dice(draw);
        Bundler.Call[] memory calls = new Bundler.Call[](2);
        address attacker = _at(7);
        uint256 collateral = _upTo(dice, COLLATERALS - 1);
        uint256 units = _cast.walletUnits[collateral] * _between(dice, 1, 100) / 20_000;
        calls[0] = Bundler.Call(address(ENGINE), abi.encodeCall(ILedger.deposit, (attacker, collateral, units)), 0);
        uint256 market = _upTo(dice, MARKETS - 1);
        bytes memory second = _chance(dice, 60)
            ? abi.encodeCall(ILedger.withdraw, (attacker, collateral, units + _upTo(dice, 1)))
            : abi.encodeCall(ILedger.settle, (attacker, market));
        calls[1] = Bundler.Call(address(ENGINE), second, 0);
        _take(7);
        CHEATS.prank(_cast.attackerOwner);
        (bool done, bytes memory reply) = attacker.call(abi.encodeCall(Bundler.run, (calls)));
        _swallow(done, reply);
    }

    // ---- parameters and roles

    function setMarketLimits(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 m = _upTo(dice, MARKETS - 1);
        Traded storage market = _markets[m];
        uint64 most = market.maintenanceRate - market.paymentRate;
        uint64 penalty = uint64(most * _between(dice, 0, 100) / 200);
        uint64 band = uint64(most - penalty - 1 + _upTo(dice, 1));
        uint64 fee = uint64(_between(dice, 0, 100) * 1e14);
        _take(NOBODY);
        MarketLimits memory limits = MarketLimits(band, fee, penalty, market.positionLimit);
        bytes memory data = abi.encodeCall(IGovernance.setMarketLimits, (m, limits));
        if (_send(_staff(dice, 1), data)) (market.bandRate, market.penaltyRate) = (band, penalty);
    }

    function setOpenInterestScaling(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 m = _upTo(dice, MARKETS - 1);
        uint256 interest = ENGINE.openInterest(m) * _mark(m) / W;
        uint128 lower = uint128(_chance(dice, 30) ? interest : interest * _upTo(dice, 100) / 100);
        uint128 upper = lower + uint128(_chance(dice, 30) ? _upTo(dice, 1) : lower + 1);
        _take(NOBODY);
        OpenInterestScaling memory scaling = OpenInterestScaling(lower, upper);
        if (_send(_staff(dice, 1), abi.encodeCall(IGovernance.setOpenInterestScaling, (m, scaling)))) {
            _scalingSet(m, lower);
        }
    }

    function setFunding(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 m = _upTo(dice, MARKETS - 1);
        Traded storage market = _markets[m];
        uint32 interval = _chance(dice, 50) ? market.fundingInterval : uint32(60 * 10 ** _upTo(dice, 3));
        uint256 left = market.maintenanceRate - market.bandRate - market.penaltyRate;
        uint64 rate = uint64((_chance(dice, 30) ? left : left * _upTo(dice, 100) / 200) * 86_400 / interval);
        if (rate > W / 10) rate = uint64(W / 10 + _upTo(dice, 1));
        uint64 scale = uint64(W / 10 ** _between(dice, 1, 3));
        _take(NOBODY);
        FundingParameters memory funding = FundingParameters(
            interval, rate, uint64(rate / _between(dice, 1, 10)), scale, uint128(W * 10 ** _between(dice, 4, 7))
        );
        if (_send(_staff(dice, 1), abi.encodeCall(IGovernance.setFunding, (m, funding)))) {
            _fundingSet(m, interval, rate);
        }
    }

    function setDepositCap(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 collateral = _upTo(dice, COLLATERALS - 1);
        uint128 cap = uint128(ENGINE.poolUnits(collateral) * _between(dice, 1, 4) + _upTo(dice, 1_000_000));
        if (_chance(dice, 20)) cap = 10 ** 33 + 1;
        _take(NOBODY);
        if (_send(_staff(dice, 1), abi.encodeCall(IGovernance.setDepositCap, (collateral, cap)))) {
            _caps[collateral] = cap;
        }
    }

    function setLiquidationParameters(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint64 share = uint64(W * _upTo(dice, 3) / 2);
        uint64 close = uint64(W * _upTo(dice, 4) / 4);
        uint128 small = uint128(W * 10 ** _upTo(dice, 5));
        _take(NOBODY);
        LiquidationParameters memory parameters = LiquidationParameters(share, close, small);
        _send(_staff(dice, 1), abi.encodeCall(IGovernance.setLiquidationParameters, (parameters)));
    }

    function setMarketFeed(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 m = _upTo(dice, MARKETS - 1);
        Traded storage market = _markets[m];
        uint32 heartbeat = _chance(dice, 50) ? market.heartbeat : uint32(_chance(dice, 50) ? 604_801 : 3_600);
        int192 most = market.maximumAnswer + int192(int256(_upTo(dice, 1)));
        _take(NOBODY);
        Feed memory feed = Feed(_cast.sources[market.source], market.decimals, heartbeat, market.minimumAnswer, most);
        if (_send(_staff(dice, 2), abi.encodeCall(IGovernance.setMarketFeed, (m, feed)))) _feedSet(m, heartbeat);
    }

    function setSecondSource(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 m = _upTo(dice, MARKETS - 1);
        SecondSource memory second = _seconds[m];
        if (_chance(dice, 25)) {
            delete second;
        } else if (second.feed.feed != address(0)) {
            second.feed.heartbeat =
                _chance(dice, 50) ? second.feed.heartbeat : uint32(_chance(dice, 50) ? 604_801 : 3_600);
            second.deviationRate = uint64(_chance(dice, 50) ? second.deviationRate : W / 1_000 * _upTo(dice, 101));
        }
        _take(NOBODY);
        bytes memory data = abi.encodeCall(IGovernance.setSecondSource, (m, second));
        if (_send(_staff(dice, 2), data)) _feedSet(SECONDS + m, second.feed.heartbeat);
    }

    function setCollateralFeed(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 collateral = _upTo(dice, COLLATERALS - 1);
        Feed memory feed = _collateralFeeds[collateral];
        feed.heartbeat = _chance(dice, 50) ? feed.heartbeat : uint32(_chance(dice, 50) ? 604_801 : 3_600);
        _take(NOBODY);
        bytes memory data = abi.encodeCall(IGovernance.setCollateralFeed, (collateral, feed));
        if (_send(_staff(dice, 2), data)) _feedSet(4 + collateral, feed.heartbeat);
    }

    function grantRole(uint256 draw) external {
        _changeRole(_dice(draw), "grantRole(bytes32,address)");
    }

    function revokeRole(uint256 draw) external {
        _changeRole(_dice(draw), "revokeRole(bytes32,address)");
    }

    function renounceRole(uint256 draw) external {
        Dice memory dice = _dice(draw);
        address someone = _chance(dice, 50) ? _cast.operators[1] : _cast.outsider;
        address confirmed = _chance(dice, 70) ? someone : _cast.operators[0];
        _take(NOBODY);
        _send(someone, abi.encodeWithSignature("renounceRole(bytes32,address)", _role(dice), confirmed));
    }

    /// @notice The implementation that runs once more, an address that is none, or somebody who is not the admin.
    function upgrade(uint256 draw) external {
        Dice memory dice = _dice(draw);
        address implementation = _chance(dice, 70) ? ENGINE.currentImplementation() : _cast.sources[0];
        address caller = _chance(dice, 85) ? _cast.staff[0] : _cast.outsider;
        _take(NOBODY);
        _send(caller, abi.encodeCall(IUpgradeable.upgrade, (implementation)));
    }

    function initialize(uint256 draw) external {
        _initialize(_dice(draw), address(ENGINE));
    }

    function initializeImplementation(uint256 draw) external {
        _initialize(_dice(draw), ENGINE.currentImplementation());
    }

    function _initialize(Dice memory dice, address where) private {
        address caller = _chance(dice, 80) ? _cast.outsider : _cast.staff[0];
        LiquidationParameters memory parameters = LiquidationParameters(uint64(W / 2), uint64(W / 2), uint128(W));
        _take(NOBODY);
        _sendTo(where, caller, abi.encodeCall(IUpgradeable.initialize, (caller, parameters)));
    }

    /// @notice What nobody signed: making a signature would be forge's time, and not the engine's.
    function setOperatorBySignature(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 account = _account(dice);
        uint256 nonce = ENGINE.nonces(_at(account));
        bytes memory signature = abi.encodePacked(uint256(1 + _upTo(dice, 9)), uint256(1), uint8(27));
        _take(account);
        bytes memory data = abi.encodeCall(
            IDelegation.setOperatorBySignature,
            (_at(account), _cast.operators[1], true, nonce, block.timestamp, signature)
        );
        _send(_cast.outsider, data);
    }

    function burnNonces(uint256 draw) external {
        Dice memory dice = _dice(draw);
        _take(NOBODY);
        uint32 count = uint32(_upTo(dice, 2));
        if (_send(_at(_account(dice)), abi.encodeCall(IDelegation.burnNonces, (count)))) _nonces += count;
    }

    // ---- the world

    /// @notice A new price: mostly a small move, now and then a jump. What stands still, a token that is ill and a source
    /// that is broken are mended instead.
    function publish(uint256 draw) external {
        Dice memory dice = _dice(draw);
        _take(NOBODY);
        if (_reopened() || _cured()) return;
        if (_broken != 0) {
            uint256 mended = _broken - 1;
            _broken = 0;
            _sendTo(_cast.sources[mended], _cast.publisher, abi.encodeCall(TestFeed.setMode, (0)));
            _sourceChanged(mended, false);
            return;
        }
        if (_late != 0 && _chance(dice, 60)) {
            _follow();
            return;
        }
        uint256 market = _upTo(dice, MARKETS - 1);
        Traded storage traded = _markets[market];
        uint256 source = traded.source;
        int256 percent = int256(_chance(dice, 25) ? _between(dice, 5, 35) : _upTo(dice, 4));
        int256 answer = _answers[source];
        answer = _chance(dice, 50) ? answer * (100 - percent) / 100 : answer * 100 / (100 - percent);
        if (answer < traded.minimumAnswer) answer = traded.minimumAnswer;
        if (answer > traded.maximumAnswer) answer = traded.maximumAnswer;
        _answers[source] = answer;
        if (traded.second != 0) _late = market + 1;
        _publish(source, answer);
    }

    /// @dev The second source of a market says what the first has said before.
    function _follow() private {
        uint256 market = _late - 1;
        _late = 0;
        uint256 source = _markets[market].second - 1;
        _publish(source, int256(_mark(market) / 10 ** (18 - TestFeed(_cast.sources[source]).decimals())));
    }

    function _publish(uint256 source, int256 answer) private {
        bytes memory data = abi.encodeCall(TestFeed.publish, (answer, block.timestamp));
        _sendTo(_cast.sources[source], _cast.publisher, data);
        _sourceChanged(source, true);
    }

    function setFeedMode(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 source = _upTo(dice, SOURCES - 1);
        _broken = source + 1;
        _take(NOBODY);
        bytes memory data = abi.encodeCall(TestFeed.setMode, (_chance(dice, 50) ? 1 : 3));
        _sendTo(_cast.sources[source], _cast.publisher, data);
        _sourceChanged(source, false);
    }
}
