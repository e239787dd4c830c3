// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Stops} from "./Stops.sol";
import {Brackets, MOST_BRACKETS} from "./libraries/Brackets.sol";
import {FeedReader, Price} from "./libraries/FeedReader.sol";
import {OracleRouter} from "./libraries/OracleRouter.sol";
import {WAD, Wad} from "./libraries/Wad.sol";
import {LibBit} from "solady/src/utils/LibBit.sol";

/// @title What an account is worth and what it must be worth
/// @dev Sections 4 and 5.
abstract contract Risk is Stops {
    using Brackets for Brackets.Stored[MOST_BRACKETS];
    using FeedReader for Price;

    /// @dev The number of no asset.
    uint256 private constant NOTHING = type(uint256).max;

    /// @notice Which marks a valuation takes where they are uncertain: none of them, or one of two pairs. Rule O7.
    enum Marks {
        USABLE,
        PRUDENT,
        LENIENT
    }

    /// @notice Rules V3, V6.
    /// @param uncertain status of the first uncertain mark that it rests on; 0 if all are usable
    /// @param equity quote wad, may be negative
    /// @param initialMargin quote wad
    /// @param maintenanceMargin quote wad
    struct Valuation {
        uint256 uncertain;
        int256 equity;
        uint256 initialMargin;
        uint256 maintenanceMargin;
    }

    /// @notice What an action changed of an account that changed nothing but one position and the money behind it.
    /// @param sizeBefore of the position, base wad
    /// @param size by how much it changed, base wad
    /// @param payment by how much the money behind it and its quote changed together, quote wad
    struct Effect {
        int256 sizeBefore;
        int256 size;
        int256 payment;
    }

    /// @notice The price of an asset, usable or not: the mark of a market, or the price of one whole token.
    /// @dev Rules O1 to O3, O6.
    function _priceOf(uint256 asset) internal view returns (Price memory price) {
        price.asset = asset;
        if (asset < FIRST_COLLATERAL) {
            Market storage market = _markets[asset];
            OracleRouter.read(price, market.feed, market.secondSource, market.tick, market.largestPrice);
        } else {
            price.read(_collaterals[asset - FIRST_COLLATERAL].feed, 1);
        }
    }

    /// @notice The mark that counts for a position, quote wad. Rule O7.
    /// @param size of the position, base wad
    function _markOf(Price memory price, int256 size, Marks marks) internal pure returns (uint256) {
        if (marks == Marks.LENIENT) return size > 0 ? price.lenientLong : price.lenientShort;
        return size > 0 ? price.low : price.high;
    }

    /// @notice A price of nothing, for a valuation that has to read every price itself.
    function _noPrice() internal pure returns (Price memory price) {
        price.asset = NOTHING;
    }

    /// @notice Values an account, or says which price cannot be used for it.
    /// @dev Rules V1 to V6, in the order of O5: one pass over the assets held across, one reading each.
    /// @param known a price that was read before; it is used, and if unusable reported, in its turn
    /// @return valuation complete if `unusable.status` is 0
    /// @return unusable the first price that cannot be used
    function _tryValue(address account, Price memory known, Marks marks)
        internal
        view
        returns (Valuation memory valuation, Price memory unusable)
    {
        Account storage self = _accounts[account];
        valuation.equity = self.cash;
        uint256 holdings = _crossHoldings(self);
        while (holdings != 0) {
            uint256 asset = LibBit.ffs(holdings);
            // Clears the lowest bit, which is the asset's.
            holdings &= holdings - 1;
            Price memory price = asset == known.asset ? known : _priceOf(asset);
            if (price.status != FeedReader.FRESH && (marks == Marks.USABLE || price.isUnusable())) {
                return (valuation, price);
            }
            if (asset < FIRST_COLLATERAL) _addPosition(valuation, self, price, marks);
            else _addCollateral(valuation, self, asset - FIRST_COLLATERAL, price.wad);
        }
    }

    /// @notice Values an account, or reverts for the first price that cannot be used. Rules O4, O5.
    function _value(address account, Price memory known, Marks marks)
        internal
        view
        returns (Valuation memory valuation)
    {
        Price memory unusable;
        (valuation, unusable) = _tryValue(account, known, marks);
        unusable.requireFresh();
    }

    /// @notice Values a bucket. Rule B1.
    /// @param mark of its market, which may be used unless it has no position
    function _valueBucket(address account, Price memory mark, Marks marks)
        internal
        view
        returns (Valuation memory valuation)
    {
        Account storage self = _accounts[account];
        valuation.equity = self.margins[mark.asset];
        if (self.positions[mark.asset].size != 0) _addPosition(valuation, self, mark, marks);
    }

    /// @notice Values what stands behind a position: its bucket, or the account. Rule B5.
    /// @param mark of the market, which is reported if it is needed and cannot be used
    function _valueBehind(address account, Price memory mark, Marks marks) internal view returns (Valuation memory) {
        if (!_isIsolated(_accounts[account], mark.asset)) return _value(account, mark, marks);
        if (marks == Marks.USABLE) mark.requireFresh();
        else mark.requireKnown();
        return _valueBucket(account, mark, marks);
    }

    /// @notice Initial and maintenance requirement of a position at a price, quote wad, each rounded up.
    /// @dev Rules V4, V5; the first at the market's present open interest.
    function _requirementsUp(uint256 market, int256 size, uint256 price)
        internal
        view
        returns (uint256 initial, uint256 maintenance)
    {
        Market storage self = _markets[market];
        (uint256 part, uint256 whole) = _scaling(self, price);
        return self.brackets.requirementsUp(Wad.notional(Wad.abs(size), price), part, whole);
    }

    /// @notice Maintenance requirement of a position at a price, quote wad, rounded up. Rules V4, V5.
    function _maintenanceUp(uint256 market, int256 size, uint256 price) internal view returns (uint256) {
        return _markets[market].brackets.maintenanceUp(Wad.notional(Wad.abs(size), price));
    }

    /// @notice Refuses an account that is neither unencumbered nor above initial margin. Rules L2, Q6, V7.
    function _requireInitialMargin(address account, Price memory known, Marks marks) internal view {
        if (_isUnencumbered(_accounts[account])) return;
        _requireInitial(account, _value(account, known, marks));
    }

    /// @notice The same of a bucket. Rules B2, B4.
    function _requireBucketInitialMargin(address account, uint256 market) internal view {
        if (_isBucketUnencumbered(_accounts[account], market)) return;
        _requireInitial(account, _valueBehind(account, _priceOf(market), Marks.USABLE));
    }

    /// @notice Refuses an account that was left below initial margin, unless its position was harmlessly reduced.
    /// @dev Rules T6, V7, B5. What the account (or bucket) was before is derived, not valued again: at the same prices
    /// nothing but its money and this one position has changed.
    /// @param mark of the market in which the position changed
    /// @param effect what the action changed
    /// @param otherwise which marks will do where the position was not reduced; prudent ones if it was
    function _requireMarginAfter(address account, Price memory mark, Effect memory effect, Marks otherwise)
        internal
        view
    {
        Account storage self = _accounts[account];
        bool isolated = _isIsolated(self, mark.asset);
        if (isolated ? _isBucketUnencumbered(self, mark.asset) : _isUnencumbered(self)) return;
        int256 size = self.positions[mark.asset].size;
        bool reduced = _isReduction(effect.sizeBefore, size);
        Valuation memory present = _valueBehind(account, mark, reduced ? Marks.PRUDENT : otherwise);
        if (present.equity >= int256(present.initialMargin)) return;
        if (reduced) {
            (int256 equity, int256 margin) = _before(present, mark, effect, size, Marks.PRUDENT);
            bool harmless = _keptRatio(present, equity, margin) && _keptHealth(present, equity, margin);
            // A position that was closed needs its mark no more, but was valued with it before.
            if (harmless && (present.uncertain != FeedReader.FRESH || mark.status != FeedReader.FRESH)) {
                // The prices are usable or uncertain, as they were for the prudent valuation.
                Valuation memory lenient = _valueBehind(account, mark, Marks.LENIENT);
                (equity, margin) = _before(lenient, mark, effect, size, Marks.LENIENT);
                harmless = _keptHealth(lenient, equity, margin);
            }
            if (harmless) return;
        }
        revert InsufficientMargin(account, present.equity, present.initialMargin);
    }

    function _requireInitial(address account, Valuation memory present) private pure {
        if (present.equity < int256(present.initialMargin)) {
            revert InsufficientMargin(account, present.equity, present.initialMargin);
        }
    }

    /// @dev Rule V5: `x` and `R`.
    function _scaling(Market storage self, uint256 price) private view returns (uint256 part, uint256 whole) {
        (uint256 lower, uint256 upper) = (self.scaling.lower, self.scaling.upper);
        uint256 interest = Wad.notional(self.openInterest, price);
        whole = upper - lower;
        part = interest > lower ? Math.min(interest - lower, whole) : 0;
    }

    /// @dev Rule T6: nearer to zero, on the same side.
    function _isReduction(int256 sizeBefore, int256 size) private pure returns (bool) {
        return sizeBefore > 0 ? size >= 0 && size < sizeBefore : size <= 0 && size > sizeBefore;
    }

    /// @notice Equity and maintenance margin before an action, quote wad.
    /// @param present the same account after it
    /// @param size of the position after it, base wad
    function _before(Valuation memory present, Price memory mark, Effect memory effect, int256 size, Marks marks)
        private
        view
        returns (int256 equity, int256 maintenanceMargin)
    {
        uint256 wad = _markOf(mark, effect.sizeBefore, marks);
        uint256 released = _maintenanceUp(mark.asset, effect.sizeBefore, wad);
        uint256 required = _maintenanceUp(mark.asset, size, wad);
        maintenanceMargin = int256(present.maintenanceMargin + released - required);
        equity = present.equity - Wad.worth(effect.size, int256(wad)) - effect.payment;
    }

    /// @dev Rule T6: a healthy account stayed healthy.
    function _keptHealth(Valuation memory present, int256 equityBefore, int256 marginBefore)
        private
        pure
        returns (bool)
    {
        return present.equity >= int256(present.maintenanceMargin) || equityBefore < marginBefore;
    }

    /// @dev Rule T6: equity over maintenance margin did not fall, compared without dividing. The products fit: equity
    /// now is below initial margin, which rule N6 keeps under 10^36; equity before differs from it by what one trade
    /// can lose, at most its notional, and a fee; and to owe the 10^39 with which a product could overflow takes
    /// thousands of losses of the largest notional, from accounts that pass this test before each.
    function _keptRatio(Valuation memory present, int256 equityBefore, int256 marginBefore)
        private
        pure
        returns (bool)
    {
        return present.equity * marginBefore >= equityBefore * int256(present.maintenanceMargin);
    }

    /// @dev Rules V1, V4, V5, V6, O7.
    function _addPosition(Valuation memory valuation, Account storage self, Price memory price, Marks marks)
        private
        view
    {
        uint256 market = price.asset;
        (int256 size, int256 quote) = _positionOf(self, market);
        if (valuation.uncertain == FeedReader.FRESH) valuation.uncertain = price.status;
        uint256 mark = _markOf(price, size, marks);
        valuation.equity += Wad.worth(size, _netOfFunding(market, mark)) + quote;
        (uint256 initial, uint256 maintenance) = _requirementsUp(market, size, mark);
        valuation.initialMargin += initial;
        valuation.maintenanceMargin += maintenance;
    }

    /// @dev Rule V2: rounded down once. `units * price` is at most 10^69; times a rate it needs `mulDiv`.
    function _addCollateral(Valuation memory valuation, Account storage self, uint256 collateral, uint256 price)
        private
        view
    {
        Collateral storage kind = _collaterals[collateral];
        uint256 value =
            Math.mulDiv(self.units[collateral] * price, WAD - kind.haircutRate, Wad.powerOfTen(kind.decimals) * WAD);
        valuation.equity += int256(value);
    }
}
