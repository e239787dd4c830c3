// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Trading} from "./Trading.sol";
import {ILiquidation} from "./interfaces/ILiquidation.sol";
import {Price} from "./libraries/FeedReader.sol";
import {WAD, Wad} from "./libraries/Wad.sol";

/// @title Taking over the positions and the collateral of unhealthy accounts
/// @dev Section 10.
abstract contract Liquidation is Trading, ILiquidation {
    /// @inheritdoc ILiquidation
    /// @dev Rule Q3 is the order of the tests.
    function liquidate(address liquidator, address account, uint256 market, uint256 size) external nonReentrant {
        _requireRight(liquidator);
        _requireMarket(market);
        if (liquidator == account) revert SelfLiquidation(account);
        _requireLots(market, size);
        int256 held = _accounts[account].positions[market].size;
        if (held == 0) revert NoPosition(account, market);
        // Unusable or not: another market's mark may have to be refused before this one's (rule O5).
        Price memory mark = _priceOf(market);
        Valuation memory valuation = _valueBehind(account, mark, Marks.LENIENT);
        _requireLiquidatable(account, valuation);
        _requireClosable(market, size, Wad.abs(held), _markOf(mark, held, Marks.LENIENT), valuation);
        _requireWithinLimit(market, liquidator, size, held > 0);
        _takeOver(mark, liquidator, account, held > 0 ? int256(size) : -int256(size), valuation.equity);
        if (_isIsolated(_accounts[account], market)) _recordBucketBadDebt(account, market);
        else _recordBadDebt(account);
    }

    /// @inheritdoc ILiquidation
    /// @dev Rule Q6 is the order of the tests.
    function seize(address liquidator, address account, uint256 collateral, uint256 units) external nonReentrant {
        _requireRight(liquidator);
        _requireCollateral(collateral);
        if (collateral == 0) revert NotSeizable(collateral);
        if (liquidator == account) revert SelfLiquidation(account);
        _requireAmount(units);
        uint256 balance = _accounts[account].units[collateral];
        if (units > balance) revert InsufficientCollateral(account, balance);
        // Unusable or not: another price may have to be refused before this one (rule O5).
        Price memory price = _priceOf(FIRST_COLLATERAL + collateral);
        _requireLiquidatable(account, _value(account, price, Marks.LENIENT));
        uint256 payment = _requireOwed(account, collateral, units, price.wad);
        _buyCollateral(liquidator, account, collateral, units, payment);
        _requireInitialMargin(liquidator, price, Marks.PRUDENT);
        _recordBadDebt(account);
    }

    /// @dev Rule Q1.
    function _requireLiquidatable(address account, Valuation memory valuation) private pure {
        if (valuation.equity >= int256(valuation.maintenanceMargin)) {
            revert AccountHealthy(account, valuation.equity, valuation.maintenanceMargin);
        }
    }

    /// @dev Rule Q4: the part that may be closed is rounded up, to a whole lot.
    /// @param held magnitude of the position, base wad; a whole number of lots
    function _requireClosable(uint256 market, uint256 size, uint256 held, uint256 mark, Valuation memory valuation)
        private
        view
    {
        uint256 permitted = held;
        bool deep = 2 * valuation.equity < int256(valuation.maintenanceMargin);
        if (!deep && Wad.notional(held, mark) > _liquidationParameters.smallPositionNotional) {
            uint256 lot = _markets[market].lot;
            uint256 part = Wad.mulRateUp(held, _liquidationParameters.closeFactorRate);
            permitted = Math.min(held, Wad.divUp(part, lot) * lot);
        }
        if (size > permitted) revert CloseTooLarge(permitted);
    }

    /// @dev Rules Q2, Q5, and T6 for the liquidator, with prudent marks.
    /// @param size what the liquidator takes over, base wad, negative if it is short
    /// @param equity of the account before, quote wad
    function _takeOver(Price memory mark, address liquidator, address account, int256 size, int256 equity) private {
        uint256 market = mark.asset;
        _accrueFunding(mark);
        uint256 wad = _markOf(mark, size, Marks.LENIENT);
        int256 amount = Wad.worth(size, int256(wad));
        (uint256 liquidatorPart, uint256 insurancePart) = _penalty(market, Wad.abs(amount), equity);
        _creditInsurance(insurancePart);
        emit Liquidated(account, liquidator, market, Wad.abs(size), wad, liquidatorPart, insurancePart);
        _change(account, market, wad, -size, amount - int256(liquidatorPart + insurancePart));
        Effect memory taken = _change(liquidator, market, wad, size, int256(liquidatorPart) - amount);
        _requireMarginAfter(liquidator, mark, taken, Marks.PRUDENT);
    }

    /// @dev Rule Q5: the penalty is rounded up, the liquidator's part of it down; the insurance fund gets the rest,
    /// but not what the account does not have.
    /// @param amount quote wad that is closed
    /// @param equity of the account before, quote wad
    function _penalty(uint256 market, uint256 amount, int256 equity)
        private
        view
        returns (uint256 liquidatorPart, uint256 insurancePart)
    {
        uint256 penalty = Wad.mulRateUp(amount, _markets[market].limits.liquidationPenaltyRate);
        liquidatorPart = Wad.mulRateDown(penalty, _liquidationParameters.liquidatorShareRate);
        int256 left = equity - int256(liquidatorPart);
        insurancePart = left > 0 ? Math.min(penalty - liquidatorPart, uint256(left)) : 0;
    }

    /// @notice The payment for `units`, unless the account owes nothing or fewer would do. Rule Q6.
    /// @return payment quote wad
    function _requireOwed(address account, uint256 collateral, uint256 units, uint256 price)
        private
        view
        returns (uint256 payment)
    {
        int256 cash = _accounts[account].cash;
        if (cash >= 0) revert NoDebt(account);
        uint256 debt = uint256(-cash);
        if (_paymentUp(collateral, units - 1, price) >= debt) revert SeizureTooLarge(debt);
        return _paymentUp(collateral, units, price);
    }

    /// @dev Rule Q6: rounded up, against the liquidator. `units * price` is at most 10^69; times a rate it needs
    /// `mulDiv`.
    function _paymentUp(uint256 collateral, uint256 units, uint256 price) private view returns (uint256) {
        Collateral storage kind = _collaterals[collateral];
        uint256 rate = WAD - kind.liquidationDiscountRate;
        return Math.mulDiv(units * price, rate, Wad.powerOfTen(kind.decimals) * WAD, Math.Rounding.Ceil);
    }

    /// @dev Rule Q6: the units go one way, the payment the other.
    function _buyCollateral(address liquidator, address account, uint256 collateral, uint256 units, uint256 payment)
        private
    {
        Account storage seller = _accounts[account];
        Account storage buyer = _accounts[liquidator];
        if (buyer.cash < int256(payment)) revert InsufficientCash(liquidator, buyer.cash);
        buyer.cash -= int256(payment);
        seller.cash += int256(payment);
        _setUnits(seller, collateral, seller.units[collateral] - units);
        _setUnits(buyer, collateral, buyer.units[collateral] + units);
        emit Seized(account, liquidator, collateral, units, payment);
    }
}
