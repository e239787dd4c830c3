// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Feed, SecondSource} from "../Types.sol";
import {FeedReader, Price} from "./FeedReader.sol";
import {WAD, Wad} from "./Wad.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @title The price of a market with two sources
/// @dev Rules O6, O7. Where both agree there is one price. Where they do not, or where the first has failed, there are
/// two pairs: one that counts against an account, and one that gives it the benefit of the doubt.
library OracleRouter {
    using FeedReader for Price;

    /// @dev Statuses beside those of a single feed.
    uint256 internal constant DEVIATING = 4;
    uint256 internal constant FAILED_OVER = 5;

    /// @notice Reads a market's sources into `price`.
    /// @param price empty but for its asset
    /// @param first the market's feed
    /// @param second another, or none
    /// @param tick the market's, quote wad
    /// @param largestPrice the market's, quote wad
    function read(
        Price memory price,
        Feed storage first,
        SecondSource storage second,
        uint256 tick,
        uint256 largestPrice
    ) internal view {
        price.read(first, tick);
        if (price.status == FeedReader.FRESH) _agree(price);
        if (second.feed.feed == address(0)) return;
        Price memory other;
        other.read(second.feed, tick);
        if (other.status != FeedReader.FRESH) return;
        if (price.status == FeedReader.FRESH) _compare(price, other.wad, second.deviationRate);
        else _failOver(price, other.wad, second.deviationRate, first.heartbeat, tick, largestPrice);
    }

    /// @notice One price for every purpose.
    function _agree(Price memory price) private pure {
        price.low = price.high = price.lenientLong = price.lenientShort = price.wad;
        price.bandLow = price.bandHigh = price.wad;
    }

    /// @param other what the second source says, quote wad
    /// @param deviationRate wad
    function _compare(Price memory price, uint256 other, uint256 deviationRate) private pure {
        uint256 said = price.wad;
        uint256 distance = said > other ? said - other : other - said;
        if (distance * WAD <= deviationRate * said) return;
        price.status = DEVIATING;
        (price.low, price.high) = said < other ? (said, other) : (other, said);
        (price.lenientLong, price.lenientShort) = (price.high, price.low);
        (price.bandLow, price.bandHigh) = (price.low, price.high);
    }

    /// @dev The first source may have said anything that was not too far from the second: the prudent pair holds all of
    /// that, and what it said last, if it still says so. The lenient pair holds that for another heartbeat.
    /// @param other what the second source says, quote wad
    /// @param deviationRate wad, at most a tenth
    /// @param heartbeat of the first source, seconds
    function _failOver(
        Price memory price,
        uint256 other,
        uint256 deviationRate,
        uint256 heartbeat,
        uint256 tick,
        uint256 largestPrice
    ) private view {
        uint256 low = other * WAD / (WAD + deviationRate) / tick * tick;
        uint256 high = Wad.divUp(Wad.divUp(other * WAD, WAD - deviationRate), tick) * tick;
        low = Math.max(low, tick);
        high = Math.min(high, largestPrice / tick * tick);
        (price.lenientLong, price.lenientShort) = (other, other);
        if (price.status == FeedReader.STALE) {
            low = Math.min(low, price.wad);
            high = Math.max(high, price.wad);
            if (!FeedReader.isStale(price.updatedAt, 2 * heartbeat)) {
                price.lenientLong = Math.max(other, price.wad);
                price.lenientShort = Math.min(other, price.wad);
            }
        }
        (price.low, price.high) = (low, high);
        (price.bandLow, price.bandHigh) = (other, other);
        price.status = FAILED_OVER;
    }
}
