// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Buckets} from "./Buckets.sol";
import {ITrading} from "./interfaces/ITrading.sol";
import {FeedReader, Price} from "./libraries/FeedReader.sol";
import {Wad} from "./libraries/Wad.sol";

/// @title Trades on which two accounts have agreed
/// @dev Section 7.
abstract contract Trading is Buckets, ITrading {
    using FeedReader for Price;

    /// @inheritdoc ITrading
    /// @dev Rule T2 is the order of the tests.
    function trade(uint256 market, address buyer, address seller, uint256 size, uint256 price) external nonReentrant {
        _requireRight(buyer);
        _requireRight(seller);
        _requireMarket(market);
        if (buyer == seller) revert SelfTrade(buyer);
        _requireLots(market, size);
        if (price == 0 || price % _markets[market].tick != 0) revert InvalidPrice(price);
        Price memory mark = _priceOf(market);
        mark.requireKnown();
        _requireInBand(market, price, mark.bandLow, mark.bandHigh);
        _requireWithinLimit(market, buyer, size, true);
        _requireWithinLimit(market, seller, size, false);
        _accrueFunding(mark);
        _book(mark, buyer, seller, size, price);
    }

    /// @notice Refuses a size that is not a positive number of lots. Rules T2, Q3.
    function _requireLots(uint256 market, uint256 size) internal view {
        if (size == 0 || size % _markets[market].lot != 0) revert InvalidSize(size);
    }

    /// @notice Refuses a position that would grow beyond the limit. Rule T4.
    /// @dev In magnitudes: a size that is far too large would not fit a signed number.
    /// @param size how much is bought or sold, base wad
    /// @param buys whether it is bought
    function _requireWithinLimit(uint256 market, address account, uint256 size, bool buys) internal view {
        int256 sizeBefore = _accounts[account].positions[market].size;
        uint256 held = Wad.abs(sizeBefore);
        bool adds = buys ? sizeBefore >= 0 : sizeBefore <= 0;
        if (!adds && size <= held) return;
        uint256 sizeAfter = adds ? held + size : size - held;
        if (sizeAfter > held && sizeAfter > _markets[market].limits.positionLimit) {
            revert PositionLimitExceeded(account, sizeAfter);
        }
    }

    /// @dev Rule T3. The quotient rounded down decides the same as the product of the rule, since the distance is a
    /// whole number, and no price is too large for it.
    /// @param low the lowest mark that there is, quote wad
    /// @param high the highest, which is the same if the mark is usable
    function _requireInBand(uint256 market, uint256 price, uint256 low, uint256 high) private view {
        if (price >= low && price <= high) return;
        uint256 mark = price < low ? low : high;
        uint256 distance = price > mark ? price - mark : mark - price;
        if (distance > Wad.mulRateDown(mark, _markets[market].limits.priceBandRate)) {
            revert PriceOutsideBand(price, mark);
        }
    }

    /// @dev Rules T5, T6, F4.
    function _book(Price memory mark, address buyer, address seller, uint256 size, uint256 price) private {
        uint256 market = mark.asset;
        uint256 amount = Wad.notional(size, price);
        uint256 fee = Wad.mulRateUp(amount, _markets[market].limits.tradingFeeRate);
        _creditFees(2 * fee);
        emit Traded(market, buyer, seller, size, price, fee);
        // Both are booked before either is tested: each is tested at what the trade made of it, the buyer first.
        Effect memory bought = _exchange(buyer, mark, int256(size), -int256(amount + fee));
        Effect memory sold = _exchange(seller, mark, -int256(size), int256(amount) - int256(fee));
        if (mark.status == FeedReader.FRESH) _movePremium(market, amount, price, mark.wad);
        _requireMarginAfter(buyer, mark, bought, Marks.USABLE);
        _requireMarginAfter(seller, mark, sold, Marks.USABLE);
    }

    /// @dev Rule T5: at the prudent mark of the side on which the account is before the trade. Where it is on none, an
    /// uncertain mark is refused later, since it cannot reduce.
    function _exchange(address account, Price memory mark, int256 size, int256 payment)
        private
        returns (Effect memory)
    {
        uint256 wad = _markOf(mark, _accounts[account].positions[mark.asset].size, Marks.PRUDENT);
        return _change(account, mark.asset, wad, size, payment);
    }
}
