// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Ledger} from "./Ledger.sol";
import {IBuckets} from "./interfaces/IBuckets.sol";
import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";

/// @title Positions with margin of their own
/// @dev Section 9. A bucket is nowhere stored as such: it is a position, its margin, and a bit that says that the market
/// is isolated. What a loss can reach is decided in two places: `_pay` (which money moves) and `_valueBehind` (what is
/// tested).
abstract contract Buckets is Ledger, IBuckets {
    /// @inheritdoc IBuckets
    /// @dev Rule B2.
    function isolate(address account, uint256 market, uint256 amount) external nonReentrant {
        _requireRight(account);
        _requireMarket(market);
        Account storage self = _accounts[account];
        if (_isIsolated(self, market)) revert AlreadyIsolated(account, market);
        if (amount != 0) _takeOut(account, self.cash, amount);
        self.cash -= int256(amount);
        self.margins[market] = int256(amount);
        _setIsolated(self, market, true);
        emit Isolated(account, market, amount);
        _requireInitialMargin(account, _noPrice(), Marks.USABLE);
        _requireBucketInitialMargin(account, market);
    }

    /// @inheritdoc IBuckets
    /// @dev Rule B3.
    function join(address account, uint256 market) external nonReentrant {
        Account storage self = _requireBucket(account, market);
        int256 margin = self.margins[market];
        self.margins[market] = 0;
        _setIsolated(self, market, false);
        self.cash += margin;
        emit Joined(account, market, margin);
        if (self.positions[market].size != 0) _requireInitialMargin(account, _noPrice(), Marks.USABLE);
    }

    /// @inheritdoc IBuckets
    /// @dev Rule B4.
    function moveMargin(address account, uint256 market, int256 amount) external nonReentrant {
        Account storage self = _requireBucket(account, market);
        if (amount == 0) revert ZeroAmount();
        if (amount > 0) _takeOut(account, self.cash, uint256(amount));
        else _takeOut(account, self.margins[market], SignedMath.abs(amount));
        self.cash -= amount;
        self.margins[market] += amount;
        emit MarginMoved(account, market, amount);
        if (amount > 0) _requireInitialMargin(account, _noPrice(), Marks.USABLE);
        else _requireBucketInitialMargin(account, market);
    }

    /// @notice Writes off what a bucket owes whose position has been closed. Rule B6.
    function _recordBucketBadDebt(address account, uint256 market) internal {
        Account storage self = _accounts[account];
        int256 margin = self.margins[market];
        if (margin >= 0 || self.positions[market].size != 0) return;
        self.margins[market] = 0;
        _bookBadDebt(account, uint256(-margin));
    }

    /// @dev Rules B3, B4: the order of their first tests.
    function _requireBucket(address account, uint256 market) private view returns (Account storage self) {
        _requireRight(account);
        _requireMarket(market);
        self = _accounts[account];
        if (!_isIsolated(self, market)) revert NotIsolated(account, market);
    }

    /// @dev Rules B2, B4: nobody gives what is not there.
    /// @param cash what gives has, cash or a margin, quote wad
    /// @param amount quote wad, not zero
    function _takeOut(address account, int256 cash, uint256 amount) private pure {
        if (cash < 0 || amount > uint256(cash)) revert InsufficientCash(account, cash);
    }
}
