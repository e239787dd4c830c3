// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CHEATS} from "./Cheats.sol";
import {CollateralListing, Feed, MarketListing, SecondSource} from "contracts/Types.sol";
import {Bundler} from "contracts/harness/Bundler.sol";
import {IMarginEngine} from "contracts/interfaces/IMarginEngine.sol";
import {TestFeed} from "contracts/testing/TestFeed.sol";

/// @notice Who and what there is, in the order of `underwater.engine.bundled.actors`.
/// @param accounts the eight; the last is the attacker's contract
/// @param operators matcher and delegate
/// @param staff admin, risk manager, oracle manager, treasurer, guardian
/// @param publisher of every source, and issuer of every token
/// @param orders the contract of the orders
/// @param gateway that of ether
struct Cast {
    IMarginEngine engine;
    address[8] accounts;
    address[2] operators;
    address[5] staff;
    address attackerOwner;
    address publisher;
    address outsider;
    address orders;
    address[] tokens;
    address[] sources;
    uint256[] walletUnits;
    address gateway;
}

/// @notice What a variant of the benchmark asks of the handler.
/// @param refusalsRevert what the engine refuses reverts, instead of being swallowed
/// @param tellsAffected `affected` is kept
struct Options {
    bool refusalsRevert;
    bool tellsAffected;
}

/// @title Who takes part, what a handler remembers of them, and how it draws and calls
/// @dev Everything of a call is drawn from one hashed number, which costs forge less to make than several bounded ones.
abstract contract Stage {
    uint256 internal constant W = 1e18;

    bool private immutable REFUSALS_REVERT;
    bool private immutable TELLS_AFFECTED;
    IMarginEngine internal immutable ENGINE;
    uint256 internal immutable SOURCES;
    uint256 internal immutable MARKETS;
    uint256 internal immutable COLLATERALS;

    /// @dev What is needed of a market for a sensible trade.
    struct Traded {
        uint32 source;
        uint32 second;
        uint8 decimals;
        uint128 lot;
        uint128 tick;
        uint64 bandRate;
        uint64 penaltyRate;
        uint128 positionLimit;
        uint128 scalingLower;
        uint128 interest;
        uint64 maintenanceRate;
        uint32 fundingInterval;
        uint64 paymentRate;
        uint32 heartbeat;
        int192 minimumAnswer;
        int192 maximumAnswer;
    }

    Cast internal _cast;
    Traded[4] internal _markets;
    /// @dev The answers published last. Kept here so that no call is spent on asking.
    int256[6] internal _answers;
    SecondSource[4] internal _seconds;
    /// @dev The source that has yet to follow another one, and one more; zero if none has.
    uint256 internal _late;
    uint128[3] internal _caps;
    Feed[3] internal _collateralFeeds;
    uint256 internal _broken;

    /// @notice One bit for each account that took part in the last call.
    uint8 public participants;
    /// @dev Two bits for each account: whether it approves the matcher, the delegate.
    uint16 internal _approvals = 0x5555;
    /// @dev How many nonces all accounts have used.
    uint32 internal _nonces;
    /// @dev Whether the last call can have run the code of `Orders`.
    bool private _asksOrders;
    /// @dev One bit for each asset, as the engine numbers them, whose price may have changed in the last call.
    uint24 private _moved;
    /// @dev The last second at which every price is as fresh or as stale as it is now, and no more funding is due.
    uint32 private _steadyUntil;
    /// @dev Of each use of a source, four markets, then three collaterals, then four markets' second ones: the source,
    /// how old its price may become, and when it does.
    uint8[11] private _sourceOf;
    uint32[11] private _heartbeats;
    uint32[11] private _freshUntil;

    /// @dev The source of all draws of a call.
    struct Dice {
        uint256 state;
    }

    constructor(Cast memory cast, Options memory options) {
        require(
            cast.sources.length == 6 && cast.tokens.length == 3, "the handler is written for the default deployment"
        );
        (REFUSALS_REVERT, TELLS_AFFECTED) = (options.refusalsRevert, options.tellsAffected);
        ENGINE = cast.engine;
        SOURCES = 6;
        MARKETS = 4;
        COLLATERALS = 3;
        _cast = cast;
        for (uint256 m; m < 4; ++m) {
            MarketListing memory listed = cast.engine.marketAt(m);
            for (uint32 s; s < 6; ++s) {
                if (listed.feed.feed == cast.sources[s]) _markets[m].source = s;
                if (listed.secondSource.feed.feed == cast.sources[s]) _markets[m].second = s + 1;
            }
            _seconds[m] = listed.secondSource;
            Traded storage market = _markets[m];
            market.decimals = listed.feed.decimals;
            market.lot = listed.lot;
            market.tick = listed.tick;
            market.bandRate = listed.limits.priceBandRate;
            market.penaltyRate = listed.limits.liquidationPenaltyRate;
            market.positionLimit = listed.limits.positionLimit;
            market.scalingLower = listed.scaling.lower;
            market.fundingInterval = listed.funding.interval;
            market.paymentRate = _paymentRate(listed.funding.interval, listed.funding.maximumRate);
            market.maintenanceRate = listed.brackets[0].maintenanceRate;
            market.heartbeat = listed.feed.heartbeat;
            market.minimumAnswer = listed.feed.minimumAnswer;
            market.maximumAnswer = listed.feed.maximumAnswer;
            _remember(m, listed.feed);
            _remember(SECONDS + m, listed.secondSource.feed);
        }
        for (uint256 s; s < 6; ++s) {
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
        for (uint8 s; s < 6; ++s) {
            if (feed.feed != _cast.sources[s]) continue;
            (,,, uint256 updatedAt,) = TestFeed(feed.feed).latestRoundData();
            (_sourceOf[asset], _heartbeats[asset]) = (s, feed.heartbeat);
            _freshUntil[asset] = uint32(updatedAt) + feed.heartbeat;
        }
    }

    // ---- whose health a call may have changed

    uint8 private constant NOTHING = 0xff;
    uint256 private constant USES = 11;
    uint256 internal constant SECONDS = 7;

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

    function _sourceChanged(uint256 source, bool isPublished) internal {
        if (!TELLS_AFFECTED) return;
        uint24 moved = _moved;
        for (uint256 asset; asset < USES; ++asset) {
            if (_sourceOf[asset] != source) continue;
            moved |= _bit(asset);
            if (isPublished) _freshUntil[asset] = uint32(block.timestamp) + _heartbeats[asset];
        }
        _moved = moved;
        if (isPublished) _steadyUntil = _steadyFrom(block.timestamp);
    }

    function _feedSet(uint256 asset, uint32 heartbeat) internal {
        if (!TELLS_AFFECTED || _sourceOf[asset] == NOTHING) return;
        _freshUntil[asset] = _freshUntil[asset] - _heartbeats[asset] + heartbeat;
        _heartbeats[asset] = heartbeat;
        _moved |= _bit(asset);
        _steadyUntil = _steadyFrom(block.timestamp);
    }

    /// @dev Open interest beyond where scaling begins, before or now, changes the initial margin of all who hold the market.
    function _interestChanged(uint256 m) internal {
        if (!TELLS_AFFECTED) return;
        Traded storage market = _markets[m];
        uint256 interest = ENGINE.openInterest(m);
        uint256 before = market.interest;
        if (interest == before) return;
        if ((interest > before ? interest : before) * _mark(m) > uint256(market.scalingLower) * W) _moved |= _bit(m);
        market.interest = uint128(interest);
    }

    function _scalingSet(uint256 m, uint128 lower) internal {
        _markets[m].scalingLower = lower;
        _moved |= _bit(m);
    }

    /// @dev Rule P11: the funding of one interval, rounded up.
    function _paymentRate(uint32 interval, uint64 rate) private pure returns (uint64) {
        return uint64((uint256(rate) * interval + 86_399) / 86_400);
    }

    function _fundingSet(uint256 m, uint32 interval, uint64 rate) internal {
        (_markets[m].fundingInterval, _markets[m].paymentRate) = (interval, _paymentRate(interval, rate));
        if (!TELLS_AFFECTED) return;
        _steadyUntil = _steadyFrom(block.timestamp);
    }

    /// @dev The mark, but for being a whole number of ticks.
    function _mark(uint256 m) internal view returns (uint256) {
        return uint256(_answers[_markets[m].source]) * 10 ** (18 - _markets[m].decimals);
    }

    /// @dev A source that is broken counts as if it were not, so that mending it changes nothing here.
    function _steadyFrom(uint256 time) private view returns (uint32 until) {
        until = type(uint32).max;
        uint32[11] memory all = _freshUntil;
        for (uint256 asset; asset < USES; ++asset) {
            if (all[asset] >= time && all[asset] < until) until = all[asset];
        }
        for (uint256 m; m < 4; ++m) {
            uint256 interval = _markets[m].fundingInterval;
            uint256 last = time - time % interval + interval - 1;
            if (last < until) until = uint32(last);
        }
    }

    /// @dev The engine's number of an asset: collaterals come after as many markets as there may be.
    function _bit(uint256 asset) private pure returns (uint24) {
        if (asset >= SECONDS) asset -= SECONDS;
        return uint24(1 << (asset < 4 ? asset : 12 + asset));
    }

    // ---- draws

    uint256 internal constant NOBODY = 8;

    function _dice(uint256 draw) internal returns (Dice memory dice) {
        dice.state = draw;
        uint256 passed = _between(dice, 1, 24);
        if (_chance(dice, 1)) passed = 3_600;
        uint256 time = block.timestamp + passed;
        CHEATS.warp(time);
        _timePassed(time);
    }

    /// @dev Assembly saves the allocation that hashing would make for each draw.
    function _upTo(Dice memory dice, uint256 most) internal pure returns (uint256 drawn) {
        assembly ("memory-safe") {
            mstore(dice, keccak256(dice, 0x20))
            drawn := mod(mload(dice), add(most, 1))
        }
    }

    function _between(Dice memory dice, uint256 least, uint256 most) internal pure returns (uint256) {
        return least + _upTo(dice, most - least);
    }

    function _chance(Dice memory dice, uint256 percent) internal pure returns (bool) {
        return _upTo(dice, 99) < percent;
    }

    function _account(Dice memory dice) internal pure returns (uint256) {
        return _upTo(dice, 7);
    }

    function _market(Dice memory dice) internal view returns (uint256) {
        return _chance(dice, 1) ? MARKETS : _upTo(dice, MARKETS - 1);
    }

    function _collateral(Dice memory dice) internal view returns (uint256) {
        return _upTo(dice, COLLATERALS - 1);
    }

    function _at(uint256 account) internal view returns (address) {
        return _cast.accounts[account];
    }

    function _staff(Dice memory dice, uint256 number) internal view returns (address) {
        return _chance(dice, 88) ? _cast.staff[number] : _cast.outsider;
    }

    function _callerFor(Dice memory dice, uint256 account) internal view returns (address) {
        if (_chance(dice, 88)) return _at(account);
        return _chance(dice, 50) ? _cast.operators[0] : _cast.outsider;
    }

    /// @dev A market in which the account has a position, from a drawn one on; the drawn one if there is none.
    function _held(uint256 account, uint256 market) internal view returns (uint256) {
        if (market >= MARKETS) return market;
        for (uint256 i; i < 2; ++i) {
            (int256 size,) = ENGINE.positionOf(_at(account), (market + i) % MARKETS);
            if (size != 0) return (market + i) % MARKETS;
        }
        return market;
    }

    /// @dev A market that the account has isolated, from a drawn one on; the drawn one if there is none.
    function _isolated(uint256 account, uint256 market) internal view returns (uint256) {
        if (market >= MARKETS) return market;
        for (uint256 i; i < MARKETS; ++i) {
            (bool isolated,) = ENGINE.isolatedMarginOf(_at(account), (market + i) % MARKETS);
            if (isolated) return (market + i) % MARKETS;
        }
        return market;
    }

    /// @dev An account that can be liquidated, or has a bucket that can, if one of three is; a debtor where debt is needed.
    function _prey(Dice memory dice, bool isDebtor) internal view returns (uint256 account) {
        account = _account(dice);
        for (uint256 i; i < 3; ++i) {
            uint256 candidate = (account + i) % 8;
            if (isDebtor && ENGINE.cashOf(_at(candidate)) >= 0) continue;
            (uint256 status, int256 equity,, uint256 margin) = ENGINE.accountHealth(_at(candidate));
            if (status == 0 && equity < int256(margin)) return candidate;
            if (isDebtor) continue;
            (status, equity,, margin) = ENGINE.bucketHealth(_at(candidate), _isolated(candidate, i));
            if (status == 0 && equity < int256(margin)) return candidate;
        }
    }

    function _liquidator(Dice memory dice, uint256 account) internal pure returns (uint256 liquidator) {
        liquidator = _chance(dice, 50) ? _account(dice) : _between(dice, 5, 6);
        if (liquidator == account && !_chance(dice, 2)) liquidator = (account + 1) % 8;
    }

    /// @dev A size of any magnitude up to the limit, and a price in the band, or now and then outside it.
    function _sizeAndPrice(Dice memory dice, uint256 number) internal view returns (uint256 size, uint256 price) {
        Traded storage market = _markets[number];
        uint256 lots = market.positionLimit / market.lot >> _between(dice, 0, 9);
        size = _between(dice, 0, lots + 1) * market.lot;
        if (_chance(dice, 4)) ++size;
        uint256 mark = _mark(number);
        uint256 reach = mark * market.bandRate / W;
        price = _chance(dice, 50) ? mark : mark - reach + _upTo(dice, 2 * reach + reach / 8);
        price = price / market.tick * market.tick;
    }

    function _role(Dice memory dice) internal pure returns (bytes32) {
        uint256 drawn = _upTo(dice, 3);
        if (drawn == 0) return 0;
        return drawn == 1 ? keccak256("RISK_ROLE") : drawn == 2 ? keccak256("ORACLE_ROLE") : keccak256("TREASURER_ROLE");
    }

    function _changeRole(Dice memory dice, string memory signature) internal {
        address someone = _chance(dice, 50) ? _cast.operators[1] : _cast.outsider;
        _take(NOBODY);
        _send(_staff(dice, 0), abi.encodeWithSignature(signature, _role(dice), someone));
    }

    // ---- calls

    function _take(uint256 account) internal {
        (participants, _asksOrders) = (account < 8 ? uint8(1 << account) : 0, false);
    }

    function _take(uint256 first, uint256 second) internal {
        (participants, _asksOrders) = (uint8(1 << first | 1 << second), false);
    }

    /// @notice What the engine is to be compared with, and whether there is more to read than the engine.
    function remembered() external view returns (uint256 approvals, uint256 nonces, bool asksOrders) {
        return (_approvals, _nonces, _asksOrders);
    }

    function _send(address caller, bytes memory data) internal returns (bool) {
        return _sendTo(address(ENGINE), caller, data);
    }

    /// @dev The attacker is a contract: its owner has it make the call.
    function _sendTo(address target, address caller, bytes memory data) internal returns (bool) {
        return _pay(target, caller, data, 0);
    }

    /// @dev Whoever calls gets the ether that goes with the call, and has no other.
    function _pay(address target, address caller, bytes memory data, uint256 value) internal returns (bool done) {
        if (value > 0) CHEATS.deal(caller, value);
        if (target == _cast.orders) _asksOrders = true;
        bytes memory reply;
        if (caller == _cast.accounts[7]) {
            Bundler.Call[] memory calls = new Bundler.Call[](1);
            calls[0] = Bundler.Call(target, data, value);
            CHEATS.prank(_cast.attackerOwner);
            (done, reply) = caller.call(abi.encodeCall(Bundler.run, (calls)));
        } else {
            CHEATS.prank(caller);
            (done, reply) = target.call{value: value}(data);
        }
        _swallow(done, reply);
    }

    function _swallow(bool done, bytes memory reply) internal {
        if (done) return;
        // What is refused has changed no account.
        if (TELLS_AFFECTED) participants = 0;
        if (!REFUSALS_REVERT) return;
        assembly ("memory-safe") {
            revert(add(reply, 0x20), mload(reply))
        }
    }
}
