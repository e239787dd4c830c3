// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Parameters} from "./Parameters.sol";
import {FundingParameters} from "./Types.sol";
import {SIGNED_WAD} from "./libraries/Wad.sol";
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
    function _accruedFunding(uint256 market) internal view returns (Accrued memory accrued) {
        Market storage self = _markets[market];
        FundingState storage state = self.fundingState;
        (int256 premium, uint256 accruedAt) = (state.premium, state.accruedAt);
        (accrued.rate, accrued.due, accrued.carry) = (state.rate, state.due, int256(uint256(state.carry)));
        uint256 interval = self.funding.interval;
        uint256 intervals = block.timestamp / interval - accruedAt / interval;
        if (intervals == 0) return accrued;
        accrued.ended = true;
        if (accrued.rate == 0 && premium == 0) return accrued;
        int256 rates;
        (accrued.rate, rates) =
            _ramp(accrued.rate, _velocity(self.funding, premium), self.funding.maximumRate, intervals);
        // The index is whole ticks. The product is below 10^73: rates of 2^48 intervals, each of at most a tenth.
        int256 sum = accrued.carry + rates * int256(interval * (state.index / self.tick));
        int256 ticks = _divDown(sum, ONE_TICK);
        accrued.due += ticks * int256(uint256(self.tick));
        accrued.carry = sum - ticks * ONE_TICK;
    }

    /// @notice Writes down what has fallen due, if an interval has ended. Rule F3.
    /// @param mark the index from now on, quote wad
    function _accrueFunding(uint256 market, uint256 mark) internal {
        Accrued memory accrued = _accruedFunding(market);
        if (accrued.ended) _writeDown(market, accrued, mark);
    }

    /// @notice Writes down what has fallen due under the parameters that are about to change. Rule F5.
    /// @param maximumRate of the new parameters, wad of the index a day
    function _accrueBeforeChange(uint256 market, uint256 maximumRate) internal {
        Accrued memory accrued = _accruedFunding(market);
        FundingState storage state = _markets[market].fundingState;
        if (accrued.ended) _writeDown(market, accrued, state.index);
        state.rate = int64(_clamp(accrued.rate, int256(maximumRate)));
        state.accruedAt = uint48(block.timestamp);
    }

    /// @notice Moves the premium towards that of a trade. Rule F4.
    /// @param amount of the trade, quote wad
    /// @param price of the trade, quote wad
    /// @param mark quote wad
    function _movePremium(uint256 market, uint256 amount, uint256 price, uint256 mark) internal {
        Market storage self = _markets[market];
        int256 premium = self.fundingState.premium;
        int256 away = (int256(price) - int256(mark)) * SIGNED_WAD / int256(mark) - premium;
        if (away == 0) return;
        int256 reach = int256(amount * self.funding.premiumScale / self.funding.premiumDepth);
        // Within the price band of the mark, which is below it: less than one, on either side.
        self.fundingState.premium = int64(premium + _clamp(away, reach));
    }

    /// @dev The narrowing casts lose nothing: rule P11 keeps the rate at a tenth, the carry is below `ONE_TICK`, rule P1
    /// keeps the index at 10^36, and a thousand years at the largest rate and price are due below 2^135. That last one
    /// is asserted, since it rests on time.
    function _writeDown(uint256 market, Accrued memory accrued, uint256 index) private {
        assert(int136(accrued.due) == accrued.due);
        FundingState storage state = _markets[market].fundingState;
        state.rate = int64(accrued.rate);
        state.accruedAt = uint48(block.timestamp);
        state.carry = uint80(uint256(accrued.carry));
        state.due = int136(accrued.due);
        state.index = uint120(index);
        emit FundingAccrued(market, accrued.rate, accrued.due, index);
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
    function _velocity(FundingParameters storage parameters, int256 premium) private view returns (int256) {
        int256 scale = int256(uint256(parameters.premiumScale));
        return _clamp(premium, scale) * int256(uint256(parameters.maximumVelocity)) / scale;
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
