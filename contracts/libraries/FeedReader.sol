// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Feed} from "../Types.sol";
import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IMarginEngineErrors} from "../interfaces/IMarginEngineErrors.sol";
import {Wad} from "./Wad.sol";

/// @notice A price and what is known about it. Rules O1, O7.
/// @param asset number of what it is the price of; see `Accounts`
/// @param status 0 if the price may be used
/// @param wad the price, quote wad, if status is 0; what the first source says or said last if it is 3, 4 or 5; else zero
/// @param low the prudent price of a long position, quote wad, where status is 0, 4 or 5
/// @param high the same of a short position
/// @param lenientLong the lenient price of a long position, quote wad, where status is 0, 4 or 5
/// @param lenientShort the same of a short position
/// @param bandLow the lowest mark that a trade's price may be compared with, quote wad, where status is 0, 4 or 5. Rule T3.
/// @param bandHigh the highest
/// @param feed where it was read
/// @param answer the feed's answer, in its decimals
/// @param updatedAt the feed's time of the answer, Unix seconds
struct Price {
    uint256 asset;
    uint256 status;
    uint256 wad;
    uint256 low;
    uint256 high;
    uint256 lenientLong;
    uint256 lenientShort;
    uint256 bandLow;
    uint256 bandHigh;
    address feed;
    int256 answer;
    uint256 updatedAt;
}

/// @title Reading feeds that may fail, lie or be late
/// @dev Nothing that a feed answers makes a reading revert.
library FeedReader {
    uint256 internal constant FRESH = 0;
    uint256 internal constant UNAVAILABLE = 1;
    uint256 internal constant OUT_OF_BOUNDS = 2;
    uint256 internal constant STALE = 3;

    /// @dev What a feed may use, and what must be there for it to get as much: a call passes on at most 63/64 of the gas
    /// that is left, and costs something itself.
    uint256 private constant MOST_GAS = 200_000;
    uint256 private constant LEAST_GAS_LEFT = 210_000;

    /// @notice Reads a feed into `price`. Rules O1, O2.
    /// @param price empty but for its asset
    /// @param source the feed
    /// @param step the price is rounded down to a multiple of it, quote wad: a market's tick, or 1 for a collateral
    function read(Price memory price, Feed storage source, uint256 step) internal view {
        // Read together, since they share a slot.
        (address feed, uint256 decimals, uint256 heartbeat) = (source.feed, source.decimals, source.heartbeat);
        (bool answered, int256 answer, uint256 updatedAt) = _latestRoundData(feed);
        price.feed = feed;
        price.answer = answer;
        price.updatedAt = updatedAt;
        if (!answered) {
            price.status = UNAVAILABLE;
        } else if (answer < source.minimumAnswer || answer > source.maximumAnswer) {
            price.status = OUT_OF_BOUNDS;
        } else {
            uint256 wad = toWad(answer, decimals);
            wad -= wad % step;
            price.wad = wad;
            if (wad == 0) price.status = OUT_OF_BOUNDS;
            else if (isStale(updatedAt, heartbeat)) price.status = STALE;
        }
    }

    /// @notice Refuses to go on with a price that is not usable. Rule O4.
    function requireFresh(Price memory price) internal pure {
        if (price.status == FRESH) return;
        if (price.status > STALE) revert IMarginEngineErrors.PriceUncertain(price.feed, price.status);
        if (price.status == UNAVAILABLE) revert IMarginEngineErrors.FeedUnavailable(price.feed);
        if (price.status == OUT_OF_BOUNDS) revert IMarginEngineErrors.PriceOutOfBounds(price.feed, price.answer);
        revert IMarginEngineErrors.PriceStale(price.feed, price.updatedAt);
    }

    /// @notice Refuses to go on with an unusable price, but not with an uncertain one. Rule O4.
    function requireKnown(Price memory price) internal pure {
        if (isUnusable(price)) requireFresh(price);
    }

    /// @dev Rule O4.
    function isUnusable(Price memory price) internal pure returns (bool) {
        return price.status != FRESH && price.status <= STALE;
    }

    /// @notice The answer in wad. Rule O2. By rule P1 the answer is positive and the result at most 10^36.
    function toWad(int256 answer, uint256 decimals) internal pure returns (uint256) {
        return uint256(answer) * Wad.powerOfTen(18 - decimals);
    }

    /// @notice The decimals that a token or feed says it has, or `known` false if it does not say. Rules P1, P5.
    /// @dev Not a typed call: what has no code or answers too little is refused by name, not by an empty revert.
    function decimalsOf(address source) internal view returns (bool known, uint256 decimals) {
        (bool success, bytes memory reply) = source.staticcall(abi.encodeCall(IAggregatorV3.decimals, ()));
        known = success && reply.length >= 32;
        if (known) decimals = abi.decode(reply, (uint256));
    }

    /// @notice Whether an answer is older than so many seconds, from the future, or not dated. Rule O1.
    /// @dev An answer exactly as old is not.
    function isStale(uint256 updatedAt, uint256 heartbeat) internal view returns (bool) {
        // Not `updatedAt + heartbeat`: a feed could answer a time for which that overflows.
        return updatedAt == 0 || updatedAt > block.timestamp || block.timestamp - updatedAt > heartbeat;
    }

    /// @dev Rule O1. Assembly for two reasons. Decoding five typed words would revert where a feed sets bits that
    /// `uint80` does not have; and a `bytes` reply would be copied in full, so a feed could make the caller pay for
    /// any length. Here 160 bytes are copied, to memory that is free and stays so. A call to an address without code
    /// succeeds with 0 bytes and so counts as not answered. A feed that uses up what it gets would leave a 64th of all
    /// gas for the rest, hence `MOST_GAS`; and a caller could choose who fails by how much gas there is, hence `invalid`.
    function _latestRoundData(address feed) private view returns (bool answered, int256 answer, uint256 updatedAt) {
        bytes4 selector = IAggregatorV3.latestRoundData.selector;
        (uint256 most, uint256 least) = (MOST_GAS, LEAST_GAS_LEFT);
        assembly ("memory-safe") {
            if lt(gas(), least) { invalid() }
            let words := mload(0x40)
            mstore(0x00, selector)
            answered := staticcall(most, feed, 0x00, 0x04, words, 0xa0)
            answered := and(answered, gt(returndatasize(), 0x9f))
            if answered {
                answer := mload(add(words, 0x20))
                updatedAt := mload(add(words, 0x60))
            }
        }
    }
}
