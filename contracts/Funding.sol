// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Parameters} from "./Parameters.sol";
import {FundingParameters} from "./Types.sol";
import {FeedReader, Price} from "./libraries/FeedReader.sol";
import {SIGNED_WAD} from "./libraries/Wad.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";

/// @title What one side of a market pays the other
/// @dev Section 8. What has fallen due is reckoned whenever somebody asks, and written down when somebody acts: how many
/// intervals have ended since then says all, since nothing else can have changed. The sum over them is one of whole
/// numbers and exact, so it does not matter in how many parts it is taken.
abstract contract Funding is Parameters {
    /// @dev What `FundingState.carry` counts, ticks aside: a wad of the index a day, for a second.
    int256 private constant ONE_TICK = SIGNED_WAD * 1 days;

    /// @notice Funding of a market as of now.
    /// @param ended whether an interval has ended since it was written down
    /// @param rate as in `FundingState`
    /// @param due as in `FundingState`
    /// @param carry as in `FundingState`
    struct Accrued {
        bool ended;
        int256 rate;
        int256 due;
        int256 carry;
    }

    /// @notice What a base unit at `price` is worth after what is due on it, quote wad. Rule V1.
    function _netOfFunding(uint256 market, uint256 price) internal view returns (int256) {
        return int256(price) - _accruedFunding(market).due;
    }

    /// @notice Every interval that has ended, counted. Rules F1, F2.
    /// @dev The one that was running may be of any length and premium; the others are whole, and alike.
    function _accruedFunding(uint256 market) internal view returns (Accrued memory accrued) {
        Market storage self = _markets[market];
        FundingState storage state = self.fundingState;
        (accrued.rate, accrued.due, accrued.carry) = (state.rate, state.due, int256(uint256(state.carry)));
        uint256 interval = self.funding.interval;
        uint256 endedBefore = state.writtenAt / interval;
        uint256 intervals = block.timestamp / interval - endedBefore;
        if (intervals == 0) return accrued;
        accrued.ended = true;
        int256 premium = state.premium;
        int256 exposure = state.exposure;
        if (accrued.rate == 0 && premium == 0 && exposure == 0) return accrued;
        uint256 end = (endedBefore + 1) * interval;
        uint256 duration = end - state.begunAt;
        exposure += premium * int256(end - state.writtenAt);
        uint256 most = self.funding.maximumRate;
        int256 first = _clamp(accrued.rate + _velocity(self.funding, exposure, duration), int256(most));
        int256 rates;
        (accrued.rate, rates) =
            _ramp(first, _velocity(self.funding, premium * int256(interval), interval), most, intervals - 1);
        rates = rates * int256(interval) + first * int256(Math.min(duration, interval));
        // The index is whole ticks. The product is below 10^73: rates of 2^48 seconds, each of at most a tenth.
        int256 sum = accrued.carry + rates * int256(uint256(state.index / self.tick));
        int256 ticks = _divDown(sum, ONE_TICK);
        accrued.due += ticks * int256(uint256(self.tick));
        accrued.carry = sum - ticks * ONE_TICK;
    }

    /// @notice Writes down what has fallen due and reads the index, if an interval has ended since it was read. Rule F3.
    /// @param mark of the market; the index from now on, if it is usable
    function _accrueFunding(Price memory mark) internal {
        if (mark.status != FeedReader.FRESH) return;
        uint256 market = mark.asset;
        FundingState storage state = _markets[market].fundingState;
        uint256 interval = _markets[market].funding.interval;
        if (state.indexReadAt / interval == block.timestamp / interval) return;
        Accrued memory accrued = _accruedFunding(market);
        _writeDown(market, accrued);
        state.index = uint120(mark.wad);
        state.indexReadAt = uint48(block.timestamp);
        emit FundingAccrued(market, accrued.rate, accrued.due, state.index);
    }

    /// @notice Writes down what has fallen due under the parameters that are about to change. Rule F5.
    /// @param maximumRate of the new parameters, wad of the index a day
    function _accrueBeforeChange(uint256 market, uint256 maximumRate) internal {
        Accrued memory accrued = _accruedFunding(market);
        accrued.rate = _clamp(accrued.rate, int256(maximumRate));
        _writeDown(market, accrued);
        emit FundingAccrued(market, accrued.rate, accrued.due, _markets[market].fundingState.index);
    }

    /// @notice Moves the premium towards that of a trade. Rule F4.
    /// @dev Funding has accrued before: no interval has ended since it was written down.
    /// @param amount of the trade, quote wad
    /// @param price of the trade, quote wad
    /// @param mark quote wad
    function _movePremium(uint256 market, uint256 amount, uint256 price, uint256 mark) internal {
        Market storage self = _markets[market];
        FundingState storage state = self.fundingState;
        int256 premium = state.premium;
        int256 away = (int256(price) - int256(mark)) * SIGNED_WAD / int256(mark) - premium;
        int256 step = _clamp(away, int256(amount * self.funding.premiumScale / self.funding.premiumDepth));
        if (step == 0) return;
        _countExposure(state);
        // Within the price band of the mark, which is below it: less than one, on either side.
        state.premium = int64(premium + step);
    }

    /// @dev The narrowing casts lose nothing: rule P11 keeps the rate at a tenth, the carry is below `ONE_TICK`, rule P1
    /// keeps the index at 10^36, and a thousand years at the largest rate and price are due below 2^135. That last one
    /// is asserted, since it rests on time.
    function _writeDown(uint256 market, Accrued memory accrued) private {
        assert(int136(accrued.due) == accrued.due);
        FundingState storage state = _markets[market].fundingState;
        if (accrued.ended) {
            // All that there is of the running interval it began with, and the premium has been the same since.
            uint256 begun = block.timestamp - block.timestamp % _markets[market].funding.interval;
            (state.exposure, state.begunAt, state.writtenAt) = (0, uint48(begun), uint48(begun));
        }
        _countExposure(state);
        state.rate = int64(accrued.rate);
        state.carry = uint80(uint256(accrued.carry));
        state.due = int136(accrued.due);
    }

    /// @dev Until now the premium was what it is. A premium below 2^60 for 2^48 seconds is below 2^108.
    function _countExposure(FundingState storage state) private {
        if (state.premium != 0) {
            state.exposure += state.premium * int128(uint128(block.timestamp - state.writtenAt));
        }
        state.writtenAt = uint48(block.timestamp);
    }

    /// @notice The rate after so many intervals, and the sum of the rates of each of them. Rule F1.
    /// @dev It rises or falls evenly until it meets a bound, and stays there.
    function _ramp(int256 rate, int256 velocity, uint256 maximumRate, uint256 intervals)
        private
        pure
        returns (int256 last, int256 sum)
    {
        int256 all = int256(intervals);
        if (velocity == 0) return (rate, rate * all);
        int256 bound = velocity > 0 ? int256(maximumRate) : -int256(maximumRate);
        // How often the whole velocity fits: not negative, since no rate is beyond its bound.
        int256 steps = SignedMath.min((bound - rate) / velocity, all);
        sum = rate * steps + velocity * (steps * (steps + 1) / 2) + bound * (all - steps);
        last = steps < all ? bound : rate + velocity * steps;
    }

    /// @dev Rule F1: rounded towards zero, as `/` is.
    function _velocity(FundingParameters storage parameters, int256 exposure, uint256 duration)
        private
        view
        returns (int256)
    {
        int256 most = int256(parameters.premiumScale * Math.max(duration, parameters.interval));
        return _clamp(exposure, most) * int256(uint256(parameters.maximumVelocity)) / most;
    }

    /// @dev `value`, but no further from zero than `bound`.
    function _clamp(int256 value, int256 bound) private pure returns (int256) {
        return SignedMath.max(SignedMath.min(value, bound), -bound);
    }

    /// @dev Rounded down also where it is negative, unlike `/`.
    function _divDown(int256 numerator, int256 denominator) private pure returns (int256 quotient) {
        quotient = numerator / denominator;
        if (numerator % denominator < 0) --quotient;
    }
}
