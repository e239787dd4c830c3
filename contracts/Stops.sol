// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {Funding} from "./Funding.sol";
import {OutflowLimit} from "./Types.sol";
import {FeedReader, Price} from "./libraries/FeedReader.sol";
import {WAD} from "./libraries/Wad.sol";

/// @title What stops when something is wrong
/// @dev Section 15. Everything that stops begins again by time alone: what holds now follows from what is stored and from
/// the clock, and nobody has to call. No deposit and no reduction ever asks here.
abstract contract Stops is Funding {
    /// @dev What a market lets be done, from all to least. Rule S4.
    uint256 internal constant OPEN = 0;
    uint256 internal constant REOPENING = 1;
    uint256 internal constant HALTED = 2;
    uint256 internal constant REDUCE_ONLY = 3;
    uint256 internal constant IN_GRACE = 4;
    uint256 internal constant PAUSED = 5;

    /// @notice What a market lets be done now. Rules S4, S6.
    /// @param mark of the market, usable or not
    function _statusOf(Price memory mark) internal view returns (uint256) {
        Market storage self = _markets[mark.asset];
        if (block.timestamp < _pause.until) return PAUSED;
        if (block.timestamp < _pause.graceUntil) return IN_GRACE;
        if (self.stop.reduceOnly) return REDUCE_ONLY;
        if (self.breaker.tripRate == 0) return OPEN;
        if (_isHalted(self) || (mark.status == FeedReader.FRESH && _trips(self, mark.wad))) return HALTED;
        return _isReopening(self) ? REOPENING : OPEN;
    }

    /// @notice Compares a mark with the anchor, and halts the market if they are too far apart. Rule S5.
    function _observe(Price memory mark) internal {
        Market storage self = _markets[mark.asset];
        if (self.breaker.tripRate == 0 || mark.status != FeedReader.FRESH || _isHalted(self)) return;
        Stop storage stop = self.stop;
        bool trips = _trips(self, mark.wad);
        if (!trips && stop.anchor != 0 && block.timestamp - stop.anchoredAt < self.breaker.window) return;
        if (trips) {
            emit MarketHalted(mark.asset, mark.wad, stop.anchor);
            stop.haltedAt = uint48(block.timestamp);
        }
        // Rule N6 keeps a mark at 10^36, which is below 2^120.
        stop.anchor = uint120(mark.wad);
        stop.anchoredAt = uint48(block.timestamp);
    }

    /// @notice Refuses a trade that its market does not let be done now. Rule S4.
    /// @dev After the position limit, which keeps the size below 2^128.
    /// @param size base wad
    function _requireOpen(Price memory mark, address buyer, address seller, uint256 size) internal view {
        uint256 market = mark.asset;
        int256 change = int256(size);
        int256 bought = _accounts[buyer].positions[market].size;
        int256 sold = _accounts[seller].positions[market].size;
        uint256 status = _statusOf(mark);
        if (status > REOPENING) {
            if (bought > -change || sold < change) revert OnlyReductions(market, status);
            return;
        }
        int256 rise = _longPart(bought + change) - _longPart(bought) + _longPart(sold - change) - _longPart(sold);
        uint256 most = _markets[market].breaker.openInterestCap;
        if (rise <= 0 || (status == OPEN && most == 0)) return;
        uint256 interest = _markets[market].openInterest;
        if (status == REOPENING) most = interest;
        interest += uint256(rise);
        if (interest > most) revert OpenInterestCapExceeded(market, interest, most);
    }

    /// @notice Refuses a liquidation while nobody may be liquidated. Rule S8.
    function _requireLiquidations() internal view {
        uint256 until = _pause.graceUntil;
        if (block.timestamp < until) revert LiquidationsPaused(until);
    }

    /// @notice Counts what is about to leave, or refuses it. Rules S8, S9.
    function _countOutflow(uint256 collateral, uint256 units) internal {
        uint256 until = _pause.until;
        if (block.timestamp < until) revert WithdrawalsPaused(until);
        OutflowLimit storage limit = _collaterals[collateral].outflowLimit;
        uint256 window = limit.window;
        if (window == 0) return;
        uint256 used = _outflowUsed(collateral);
        uint256 available = (limit.limit * window - used) / window;
        if (units > available) revert OutflowLimitExceeded(collateral, available);
        _setOutflow(collateral, used + units * window);
    }

    /// @notice Takes what comes in from what has left. Rule S9.
    function _countInflow(uint256 collateral, uint256 units) internal {
        uint256 window = _collaterals[collateral].outflowLimit.window;
        if (window == 0) return;
        _setOutflow(collateral, Math.saturatingSub(_outflowUsed(collateral), units * window));
    }

    /// @notice What of the outflow limit is used now, token units times seconds; not more than all of it. Rule S9.
    function _outflowUsed(uint256 collateral) internal view returns (uint256) {
        Collateral storage self = _collaterals[collateral];
        uint256 forgotten = self.outflowLimit.limit * (block.timestamp - self.outflow.at);
        return Math.saturatingSub(self.outflow.used, forgotten);
    }

    /// @dev Rule S6: a move was recorded, and its cooldown has not ended.
    function _isHalted(Market storage self) private view returns (bool) {
        return self.stop.haltedAt != 0 && block.timestamp < uint256(self.stop.haltedAt) + self.breaker.cooldown;
    }

    /// @dev Rule S6.
    function _isReopening(Market storage self) private view returns (bool) {
        return
            self.stop.haltedAt != 0
                && block.timestamp < uint256(self.stop.haltedAt) + 2 * uint256(self.breaker.cooldown);
    }

    /// @dev Rule S5. An anchor counts for two windows: so whatever happens between two observations is compared with one.
    function _trips(Market storage self, uint256 mark) private view returns (bool) {
        uint256 anchor = self.stop.anchor;
        if (anchor == 0 || block.timestamp - self.stop.anchoredAt > 2 * uint256(self.breaker.window)) return false;
        uint256 distance = mark > anchor ? mark - anchor : anchor - mark;
        return distance * WAD > self.breaker.tripRate * anchor;
    }

    /// @dev Below 2^160: at most the limit, below 2^128, times the window, below 2^32.
    function _setOutflow(uint256 collateral, uint256 used) private {
        _collaterals[collateral].outflow = Outflow(uint160(used), uint48(block.timestamp));
    }

    function _longPart(int256 size) private pure returns (int256) {
        return SignedMath.max(size, 0);
    }
}
