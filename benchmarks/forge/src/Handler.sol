// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CHEATS} from "./Cheats.sol";
import {CollateralListing, Feed, LiquidationParameters, MarketLimits, MarketListing} from "contracts/Types.sol";
import {Bundler} from "contracts/harness/Bundler.sol";
import {IMarginEngine} from "contracts/interfaces/IMarginEngine.sol";
import {TestFeed} from "contracts/testing/TestFeed.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @notice Who and what there is, in the order of `underwater.engine.bundled.actors`.
/// @param accounts the eight; the last is the attacker's contract
/// @param operators matcher and delegate
/// @param staff admin, risk manager, oracle manager, treasurer
struct Cast {
    IMarginEngine engine;
    address[8] accounts;
    address[2] operators;
    address[4] staff;
    address attackerOwner;
    address publisher;
    address outsider;
    address[] tokens;
    address[] sources;
    uint256[] walletUnits;
}

/// @notice What a variant of the benchmark asks of the handler.
/// @param refusalsRevert what the engine refuses reverts, instead of being swallowed
/// @param tellsAffected `affected` is kept
struct Options {
    bool refusalsRevert;
    bool tellsAffected;
}

/// @title What an auditor's handler does: the same kinds of action as the hunt, with bounded inputs
/// @dev Each function draws everything from one hashed number, which costs forge less to make than several bounded
/// ones. What the engine refuses is swallowed unless `Options` say otherwise: forge asks no invariant after a call
/// that reverts.
contract Handler {
    uint256 private constant W = 1e18;

    bool private immutable REFUSALS_REVERT;
    bool private immutable TELLS_AFFECTED;
    IMarginEngine private immutable ENGINE;
    uint256 private immutable SOURCES;
    uint256 private immutable MARKETS;
    uint256 private immutable COLLATERALS;

    /// @dev What is needed of a market for a sensible trade.
    struct Traded {
        uint64 source;
        uint8 decimals;
        uint128 lot;
        uint128 tick;
        uint64 bandRate;
        uint64 penaltyRate;
        uint128 positionLimit;
        uint64 maintenanceRate;
        uint32 heartbeat;
        int192 minimumAnswer;
        int192 maximumAnswer;
    }

    Cast private _cast;
    Traded[4] private _markets;
    /// @dev The answers published last. Kept here so that no call is spent on asking.
    int256[4] private _answers;
    uint128[3] private _caps;
    Feed[3] private _collateralFeeds;
    uint256 private _broken;

    /// @notice One bit for each account that took part in the last call.
    uint8 public participants;
    /// @notice Two bits for each account: whether it approves the matcher, the delegate.
    uint16 public approvals = 0x5555;
    /// @dev One bit for each asset, as the engine numbers them, whose price may have changed in the last call.
    uint24 private _moved;
    /// @dev The last second at which every price is as fresh or as stale as it is now.
    uint32 private _steadyUntil;
    /// @dev Of each asset with a price, four markets and then three collaterals: its source, how old its price may
    /// become, and when it does.
    uint8[8] private _sourceOf;
    uint32[8] private _heartbeats;
    uint32[8] private _freshUntil;

    /// @dev The source of all draws of a call.
    struct Dice {
        uint256 state;
    }

    constructor(Cast memory cast, Options memory options) {
        require(
            cast.sources.length == 4 && cast.tokens.length == 3, "the handler is written for the default deployment"
        );
        (REFUSALS_REVERT, TELLS_AFFECTED) = (options.refusalsRevert, options.tellsAffected);
        ENGINE = cast.engine;
        SOURCES = 4;
        MARKETS = 4;
        COLLATERALS = 3;
        _cast = cast;
        for (uint256 m; m < 4; ++m) {
            MarketListing memory listed = cast.engine.marketAt(m);
            for (uint64 s; s < 4; ++s) {
                if (listed.feed.feed == cast.sources[s]) _markets[m].source = s;
            }
            Traded storage market = _markets[m];
            market.decimals = listed.feed.decimals;
            market.lot = listed.lot;
            market.tick = listed.tick;
            market.bandRate = listed.limits.priceBandRate;
            market.penaltyRate = listed.limits.liquidationPenaltyRate;
            market.positionLimit = listed.limits.positionLimit;
            market.maintenanceRate = listed.brackets[0].maintenanceRate;
            market.heartbeat = listed.feed.heartbeat;
            market.minimumAnswer = listed.feed.minimumAnswer;
            market.maximumAnswer = listed.feed.maximumAnswer;
            _remember(m, listed.feed);
        }
        for (uint256 s; s < 4; ++s) {
            (, _answers[s],,,) = TestFeed(cast.sources[s]).latestRoundData();
        }
        for (uint256 c; c < 3; ++c) {
            CollateralListing memory listed = cast.engine.collateralAt(c);
            _caps[c] = listed.depositCap;
            _collateralFeeds[c] = listed.feed;
            _remember(4 + c, listed.feed);
        }
    }

    function _remember(uint256 asset, Feed memory feed) private {
        _sourceOf[asset] = NOTHING;
        for (uint8 s; s < 4; ++s) {
            if (feed.feed != _cast.sources[s]) continue;
            (,,, uint256 updatedAt,) = TestFeed(feed.feed).latestRoundData();
            (_sourceOf[asset], _heartbeats[asset]) = (s, feed.heartbeat);
            _freshUntil[asset] = uint32(updatedAt) + feed.heartbeat;
        }
    }

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
        _send(_callerFor(dice, account), abi.encodeCall(IMarginEngine.deposit, (_at(account), collateral, units)));
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
        _send(_callerFor(dice, account), abi.encodeCall(IMarginEngine.withdraw, (_at(account), collateral, units)));
    }

    function settle(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 account = _account(dice);
        uint256 market = _held(account, _market(dice));
        _take(account);
        _send(_callerFor(dice, account), abi.encodeCall(IMarginEngine.settle, (_at(account), market)));
    }

    function setOperator(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 account = _account(dice);
        uint256 operator = _chance(dice, 70) ? 0 : 1;
        bool approved = _chance(dice, operator == 0 ? 85 : 50);
        _take(account);
        if (_send(_at(account), abi.encodeCall(IMarginEngine.setOperator, (_cast.operators[operator], approved)))) {
            uint16 bit = uint16(1 << (2 * account + operator));
            approvals = approved ? approvals | bit : approvals & ~bit;
        }
    }

    function fundInsurance(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 units = _cast.walletUnits[0] / 1_000 * _upTo(dice, 2);
        _take(NOBODY);
        _send(_at(_account(dice)), abi.encodeCall(IMarginEngine.fundInsurance, (units)));
    }

    function collectFees(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 account = _account(dice);
        uint256 units = ENGINE.fees() / 1e12 + _upTo(dice, 1);
        _take(account);
        address caller = _chance(dice, 85) ? _cast.staff[3] : _cast.outsider;
        _send(caller, abi.encodeCall(IMarginEngine.collectFees, (_at(account), units)));
    }

    function donate(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 collateral = _upTo(dice, COLLATERALS - 1);
        uint256 units = _cast.walletUnits[collateral] / 1_000 * _upTo(dice, 3);
        uint256 account = _account(dice);
        _take(NOBODY);
        _sendTo(_cast.tokens[collateral], _at(account), abi.encodeCall(IERC20.transfer, (address(ENGINE), units)));
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
        _send(caller, abi.encodeCall(IMarginEngine.trade, (market, _at(buyer), _at(seller), size, price)));
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
        _send(caller, abi.encodeCall(IMarginEngine.liquidate, (_at(liquidator), _at(account), market, size)));
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
        _send(caller, abi.encodeCall(IMarginEngine.seize, (_at(liquidator), _at(account), collateral, units)));
    }

    /// @notice Two actions of the attacker's contract in one transaction.
    function bundle(uint256 draw) external {
        Dice memory dice = _dice(draw);
        Bundler.Call[] memory calls = new Bundler.Call[](2);
        address attacker = _at(7);
        uint256 collateral = _upTo(dice, COLLATERALS - 1);
        uint256 units = _cast.walletUnits[collateral] * _between(dice, 1, 100) / 20_000;
        calls[0] = Bundler.Call(address(ENGINE), abi.encodeCall(IMarginEngine.deposit, (attacker, collateral, units)));
        uint256 market = _upTo(dice, MARKETS - 1);
        bytes memory second = _chance(dice, 60)
            ? abi.encodeCall(IMarginEngine.withdraw, (attacker, collateral, units + _upTo(dice, 1)))
            : abi.encodeCall(IMarginEngine.settle, (attacker, market));
        calls[1] = Bundler.Call(address(ENGINE), second);
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
        uint64 penalty = uint64(market.maintenanceRate * _between(dice, 0, 100) / 200);
        uint64 band = uint64(market.maintenanceRate - penalty - 1 + _upTo(dice, 1));
        uint64 fee = uint64(_between(dice, 0, 100) * 1e14);
        _take(NOBODY);
        MarketLimits memory limits = MarketLimits(band, fee, penalty, market.positionLimit);
        bytes memory data = abi.encodeCall(IMarginEngine.setMarketLimits, (m, limits));
        if (_send(_staff(dice, 1), data)) (market.bandRate, market.penaltyRate) = (band, penalty);
    }

    function setDepositCap(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 collateral = _upTo(dice, COLLATERALS - 1);
        uint128 cap = uint128(ENGINE.poolUnits(collateral) * _between(dice, 1, 4) + _upTo(dice, 1_000_000));
        if (_chance(dice, 20)) cap = 10 ** 33 + 1;
        _take(NOBODY);
        if (_send(_staff(dice, 1), abi.encodeCall(IMarginEngine.setDepositCap, (collateral, cap)))) {
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
        _send(_staff(dice, 1), abi.encodeCall(IMarginEngine.setLiquidationParameters, (parameters)));
    }

    function setMarketFeed(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 m = _upTo(dice, MARKETS - 1);
        Traded storage market = _markets[m];
        uint32 heartbeat = _chance(dice, 50) ? market.heartbeat : uint32(_chance(dice, 50) ? 604_801 : 3_600);
        int192 most = market.maximumAnswer + int192(int256(_upTo(dice, 1)));
        _take(NOBODY);
        Feed memory feed = Feed(_cast.sources[market.source], market.decimals, heartbeat, market.minimumAnswer, most);
        if (_send(_staff(dice, 2), abi.encodeCall(IMarginEngine.setMarketFeed, (m, feed)))) _feedSet(m, heartbeat);
    }

    function setCollateralFeed(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 collateral = _upTo(dice, COLLATERALS - 1);
        Feed memory feed = _collateralFeeds[collateral];
        feed.heartbeat = _chance(dice, 50) ? feed.heartbeat : uint32(_chance(dice, 50) ? 604_801 : 3_600);
        _take(NOBODY);
        bytes memory data = abi.encodeCall(IMarginEngine.setCollateralFeed, (collateral, feed));
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

    // ---- the world

    /// @notice A new price: mostly a small move, now and then a jump. A source that is broken is mended instead.
    function publish(uint256 draw) external {
        Dice memory dice = _dice(draw);
        _take(NOBODY);
        if (_broken != 0) {
            uint256 mended = _broken - 1;
            _broken = 0;
            _sendTo(_cast.sources[mended], _cast.publisher, abi.encodeCall(TestFeed.setMode, (0)));
            _sourceChanged(mended, false);
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

    // ---- whose health a call may have changed

    uint8 private constant NOTHING = 0xff;

    /// @notice As `JudgedEngine.judge` takes it: those who took part in a call that was not refused, and every asset
    /// whose price may have changed.
    function affected() external view returns (uint256) {
        return uint256(_moved) << 8 | participants;
    }

    function _timePassed(uint256 time) private {
        if (!TELLS_AFFECTED) return;
        if (time <= _steadyUntil) {
            _moved = 0;
        } else {
            _moved = type(uint24).max;
            _steadyUntil = _steadyFrom(time);
        }
    }

    function _sourceChanged(uint256 source, bool isPublished) private {
        if (!TELLS_AFFECTED) return;
        uint24 moved = _moved;
        for (uint256 asset; asset < 7; ++asset) {
            if (_sourceOf[asset] != source) continue;
            moved |= _bit(asset);
            if (isPublished) _freshUntil[asset] = uint32(block.timestamp) + _heartbeats[asset];
        }
        _moved = moved;
        if (isPublished) _steadyUntil = _steadyFrom(block.timestamp);
    }

    function _feedSet(uint256 asset, uint32 heartbeat) private {
        if (!TELLS_AFFECTED || _sourceOf[asset] == NOTHING) return;
        _freshUntil[asset] = _freshUntil[asset] - _heartbeats[asset] + heartbeat;
        _heartbeats[asset] = heartbeat;
        _moved |= _bit(asset);
        _steadyUntil = _steadyFrom(block.timestamp);
    }

    /// @dev A source that is broken counts as if it were not, so that mending it changes nothing here.
    function _steadyFrom(uint256 time) private view returns (uint32 until) {
        until = type(uint32).max;
        uint32[8] memory all = _freshUntil;
        for (uint256 asset; asset < 7; ++asset) {
            if (all[asset] >= time && all[asset] < until) until = all[asset];
        }
    }

    /// @dev The engine's number of an asset: collaterals come after as many markets as there may be.
    function _bit(uint256 asset) private pure returns (uint24) {
        return uint24(1 << (asset < 4 ? asset : 12 + asset));
    }

    // ---- draws

    uint256 private constant NOBODY = 8;

    function _dice(uint256 draw) private returns (Dice memory dice) {
        dice.state = draw;
        uint256 passed = _between(dice, 1, 24);
        if (_chance(dice, 1)) passed = 3_600;
        uint256 time = block.timestamp + passed;
        CHEATS.warp(time);
        _timePassed(time);
    }

    /// @dev Assembly saves the allocation that hashing would make for each draw.
    function _upTo(Dice memory dice, uint256 most) private pure returns (uint256 drawn) {
        assembly ("memory-safe") {
            mstore(dice, keccak256(dice, 0x20))
            drawn := mod(mload(dice), add(most, 1))
        }
    }

    function _between(Dice memory dice, uint256 least, uint256 most) private pure returns (uint256) {
        return least + _upTo(dice, most - least);
    }

    function _chance(Dice memory dice, uint256 percent) private pure returns (bool) {
        return _upTo(dice, 99) < percent;
    }

    function _account(Dice memory dice) private pure returns (uint256) {
        return _upTo(dice, 7);
    }

    function _market(Dice memory dice) private view returns (uint256) {
        return _chance(dice, 1) ? MARKETS : _upTo(dice, MARKETS - 1);
    }

    function _collateral(Dice memory dice) private view returns (uint256) {
        return _upTo(dice, COLLATERALS - 1);
    }

    function _at(uint256 account) private view returns (address) {
        return _cast.accounts[account];
    }

    function _staff(Dice memory dice, uint256 number) private view returns (address) {
        return _chance(dice, 88) ? _cast.staff[number] : _cast.outsider;
    }

    function _callerFor(Dice memory dice, uint256 account) private view returns (address) {
        if (_chance(dice, 88)) return _at(account);
        return _chance(dice, 50) ? _cast.operators[0] : _cast.outsider;
    }

    /// @dev A market in which the account has a position, from a drawn one on; the drawn one if there is none.
    function _held(uint256 account, uint256 market) private view returns (uint256) {
        if (market >= MARKETS) return market;
        for (uint256 i; i < 2; ++i) {
            (int256 size,) = ENGINE.positionOf(_at(account), (market + i) % MARKETS);
            if (size != 0) return (market + i) % MARKETS;
        }
        return market;
    }

    /// @dev An account that can be liquidated, if one of three is; a debtor where debt is needed.
    function _prey(Dice memory dice, bool isDebtor) private view returns (uint256 account) {
        account = _account(dice);
        for (uint256 i; i < 3; ++i) {
            uint256 candidate = (account + i) % 8;
            if (isDebtor && ENGINE.cashOf(_at(candidate)) >= 0) continue;
            (uint256 status, int256 equity,, uint256 margin) = ENGINE.accountHealth(_at(candidate));
            if (status == 0 && equity < int256(margin)) return candidate;
        }
    }

    function _liquidator(Dice memory dice, uint256 account) private pure returns (uint256 liquidator) {
        liquidator = _chance(dice, 50) ? _account(dice) : _between(dice, 5, 6);
        if (liquidator == account && !_chance(dice, 2)) liquidator = (account + 1) % 8;
    }

    /// @dev A size of any magnitude up to the limit, and a price in the band, or now and then outside it.
    function _sizeAndPrice(Dice memory dice, uint256 number) private view returns (uint256 size, uint256 price) {
        Traded storage market = _markets[number];
        uint256 lots = market.positionLimit / market.lot >> _between(dice, 0, 9);
        size = _between(dice, 0, lots + 1) * market.lot;
        if (_chance(dice, 4)) ++size;
        uint256 mark = uint256(_answers[market.source]) * 10 ** (18 - market.decimals);
        uint256 reach = mark * market.bandRate / W;
        price = _chance(dice, 50) ? mark : mark - reach + _upTo(dice, 2 * reach + reach / 8);
        price = price / market.tick * market.tick;
    }

    function _role(Dice memory dice) private pure returns (bytes32) {
        uint256 drawn = _upTo(dice, 3);
        if (drawn == 0) return 0;
        return drawn == 1 ? keccak256("RISK_ROLE") : drawn == 2 ? keccak256("ORACLE_ROLE") : keccak256("TREASURER_ROLE");
    }

    function _changeRole(Dice memory dice, string memory signature) private {
        address someone = _chance(dice, 50) ? _cast.operators[1] : _cast.outsider;
        _take(NOBODY);
        _send(_staff(dice, 0), abi.encodeWithSignature(signature, _role(dice), someone));
    }

    // ---- calls

    function _take(uint256 account) private {
        participants = account < 8 ? uint8(1 << account) : 0;
    }

    function _take(uint256 first, uint256 second) private {
        participants = uint8(1 << first | 1 << second);
    }

    function _send(address caller, bytes memory data) private returns (bool) {
        return _sendTo(address(ENGINE), caller, data);
    }

    /// @dev The attacker is a contract: its owner has it make the call.
    function _sendTo(address target, address caller, bytes memory data) private returns (bool done) {
        bytes memory reply;
        if (caller == _cast.accounts[7]) {
            Bundler.Call[] memory calls = new Bundler.Call[](1);
            calls[0] = Bundler.Call(target, data);
            CHEATS.prank(_cast.attackerOwner);
            (done, reply) = caller.call(abi.encodeCall(Bundler.run, (calls)));
        } else {
            CHEATS.prank(caller);
            (done, reply) = target.call(data);
        }
        _swallow(done, reply);
    }

    function _swallow(bool done, bytes memory reply) private {
        if (done) return;
        // What is refused has changed no account.
        if (TELLS_AFFECTED) participants = 0;
        if (!REFUSALS_REVERT) return;
        assembly ("memory-safe") {
            revert(add(reply, 0x20), mload(reply))
        }
    }
}
