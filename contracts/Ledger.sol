// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Risk} from "./Risk.sol";
import {ILedger} from "./interfaces/ILedger.sol";
import {FeedReader, Price} from "./libraries/FeedReader.sol";
import {Wad} from "./libraries/Wad.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

/// @title Money in, money out, and who owns it
/// @dev Section 6. At any time: sum of cash and margins + sum of position quotes + insurance + fees - bad debt = the pool of
/// settlement tokens in quote (rule L10).
///
/// A token that calls back meets a guard that is up from an action's first test to its last transfer (section 18); all the
/// same, every action changes state first and calls a token last, but `fundInsurance`, which says why.
abstract contract Ledger is Risk, ILedger {
    using FeedReader for Price;
    using SafeTransferLib for address;

    uint256 private constant SETTLEMENT = 0;

    uint256 internal _insurance;
    uint256 internal _fees;
    uint256 internal _badDebt;

    /// @inheritdoc ILedger
    /// @dev Rule L1.
    function deposit(address account, uint256 collateral, uint256 units) external nonReentrant {
        _requireRight(account);
        _requireCollateral(collateral);
        _requireAmount(units);
        Collateral storage kind = _collaterals[collateral];
        uint256 pool = kind.poolUnits;
        uint256 cap = kind.depositCap;
        // The first comparison keeps the sum of the second from overflowing.
        if (units > cap || pool + units > cap) revert DepositCapExceeded(collateral, pool, cap);
        Account storage self = _accounts[account];
        if (collateral == SETTLEMENT) self.cash += int256(units * _quotePerUnit());
        else _setUnits(self, collateral, self.units[collateral] + units);
        kind.poolUnits = pool + units;
        emit Deposited(account, collateral, units);
        _pull(collateral, units);
    }

    /// @inheritdoc ILedger
    /// @dev Rules L2 to L4.
    function withdraw(address account, uint256 collateral, uint256 units) external nonReentrant {
        _requireRight(account);
        _requireCollateral(collateral);
        _requireAmount(units);
        if (collateral == SETTLEMENT) _takeCash(account, units);
        else _takeCollateral(account, collateral, units);
        emit Withdrawn(account, collateral, units);
        _requireInitialMargin(account, _noPrice(), Marks.USABLE);
        _collaterals[collateral].token.safeTransfer(account, units);
    }

    /// @inheritdoc ILedger
    /// @dev Rule L6.
    function settle(address account, uint256 market) external nonReentrant {
        _requireRight(account);
        _requireMarket(market);
        (int256 size, int256 quote) = _positionOf(_accounts[account], market);
        if (size == 0) revert NoPosition(account, market);
        Price memory mark = _priceOf(market);
        mark.requireFresh();
        _accrueFunding(mark);
        _change(account, market, mark.wad, 0, 0);
        emit Settled(account, market, Wad.worth(size, _netOfFunding(market, mark.wad)) + quote);
    }

    /// @inheritdoc ILedger
    /// @dev Rule F3.
    function accrueFunding(uint256 market) external nonReentrant {
        _requireMarket(market);
        Price memory mark = _priceOf(market);
        mark.requireFresh();
        _accrueFunding(mark);
    }

    /// @inheritdoc ILedger
    /// @dev Rule L7. Pulls before it books: nothing that it books depends on what it read before, and an absurd number
    /// of units ends as a failed transfer and not as an overflow.
    function fundInsurance(uint256 units) external nonReentrant {
        _requireCollateral(SETTLEMENT);
        _requireAmount(units);
        Collateral storage settlement = _collaterals[SETTLEMENT];
        _pull(SETTLEMENT, units);
        settlement.poolUnits += units;
        _creditInsurance(units * _quotePerUnit());
        emit InsuranceFunded(msg.sender, units);
    }

    /// @inheritdoc ILedger
    /// @dev Rule L9.
    function collectFees(address to, uint256 units) external nonReentrant onlyRole(TREASURER_ROLE) {
        _requireAmount(units);
        uint256 quotePerUnit = _quotePerUnit();
        // Divided and not multiplied: the product could overflow. The quotient, rounded down, decides the same.
        if (units > _fees / quotePerUnit) revert InsufficientFees(_fees);
        _shrinkPool(units);
        _fees -= units * quotePerUnit;
        emit FeesCollected(to, units);
        _collaterals[SETTLEMENT].token.safeTransfer(to, units);
    }

    /// @inheritdoc ILedger
    function insurance() external view nonReentrantView returns (uint256) {
        return _insurance;
    }

    /// @inheritdoc ILedger
    function fees() external view nonReentrantView returns (uint256) {
        return _fees;
    }

    /// @inheritdoc ILedger
    function badDebt() external view nonReentrantView returns (uint256) {
        return _badDebt;
    }

    /// @notice Changes a position and settles it at the mark. Rules L6, T5, Q5.
    /// @dev Funding has accrued before. What is due on the size that comes is taken off again: it is not its holder's.
    /// @param mark quote wad
    /// @param size change of the size, base wad
    /// @param payment change of the money behind it and the position's quote together, quote wad
    function _change(address account, uint256 market, uint256 mark, int256 size, int256 payment)
        internal
        returns (Effect memory effect)
    {
        Account storage self = _accounts[account];
        int256 quote;
        (effect.sizeBefore, quote) = _positionOf(self, market);
        (effect.size, effect.payment) = (size, payment);
        int256 sizeAfter = effect.sizeBefore + size;
        int256 net = _netOfFunding(market, mark);
        int256 worth = Wad.worth(sizeAfter, net);
        _pay(self, market, worth + quote + payment + Wad.worth(size, int256(mark) - net));
        _setPosition(self, market, sizeAfter, -worth);
        _countOpenInterest(market, effect.sizeBefore, sizeAfter);
    }

    /// @notice Repays bad debt with `amount`, quote wad, and keeps the rest. Rule L8.
    function _creditInsurance(uint256 amount) internal {
        uint256 debt = _badDebt;
        uint256 repaid = amount < debt ? amount : debt;
        if (repaid > 0) _badDebt = debt - repaid;
        _insurance += amount - repaid;
    }

    /// @notice Writes off what an account owes that has nothing left. Rule Q7.
    function _recordBadDebt(address account) internal {
        Account storage self = _accounts[account];
        if (_crossHoldings(self) != 0 || self.cash >= 0) return;
        uint256 shortfall = uint256(-self.cash);
        self.cash = 0;
        _bookBadDebt(account, shortfall);
    }

    /// @notice Books a shortfall, quote wad, that nobody owes any more: insurance pays, the rest is bad debt. Rule Q7.
    function _bookBadDebt(address account, uint256 shortfall) internal {
        uint256 fund = _insurance;
        uint256 paid = fund < shortfall ? fund : shortfall;
        _insurance = fund - paid;
        _badDebt += shortfall - paid;
        emit BadDebtRecorded(account, shortfall, paid);
    }

    /// @notice Books the fee of both sides of a trade, quote wad. Rule T5.
    function _creditFees(uint256 amount) internal {
        _fees += amount;
    }

    /// @notice Refuses nothing as an amount.
    function _requireAmount(uint256 units) internal pure {
        if (units == 0) revert ZeroAmount();
    }

    /// @dev Rule L2. Divided and not multiplied: the product could overflow. The quotient, rounded down, decides the
    /// same.
    function _takeCash(address account, uint256 units) private {
        Account storage self = _accounts[account];
        int256 cash = self.cash;
        uint256 quotePerUnit = _quotePerUnit();
        if (cash < 0 || units > uint256(cash) / quotePerUnit) revert InsufficientCash(account, cash);
        _shrinkPool(units);
        self.cash = cash - int256(units * quotePerUnit);
    }

    /// @dev Rule L2.
    function _takeCollateral(address account, uint256 collateral, uint256 units) private {
        Account storage self = _accounts[account];
        uint256 balance = self.units[collateral];
        if (units > balance) revert InsufficientCollateral(account, balance);
        _setUnits(self, collateral, balance - units);
        _collaterals[collateral].poolUnits -= units;
    }

    /// @notice Pulls tokens from the caller, and refuses those that do not arrive in full. Rule K2.
    function _pull(uint256 collateral, uint256 units) private {
        address token = _collaterals[collateral].token;
        uint256 held = token.balanceOf(address(this));
        token.safeTransferFrom(msg.sender, address(this), units);
        uint256 received = Math.saturatingSub(token.balanceOf(address(this)), held);
        if (received != units) revert UnexpectedTransfer(collateral, units, received);
    }

    /// @dev Rules L2, L3, L9: settlement tokens are paid first come, first served.
    function _shrinkPool(uint256 units) private {
        uint256 pool = _collaterals[SETTLEMENT].poolUnits;
        if (units > pool) revert InsufficientLiquidity(pool);
        _collaterals[SETTLEMENT].poolUnits = pool - units;
    }

    /// @dev Rule N3: quote wad of one unit of the settlement token, exact.
    function _quotePerUnit() private view returns (uint256) {
        return Wad.powerOfTen(18 - _collaterals[SETTLEMENT].decimals);
    }

    /// @dev Rule T5. The seller's part can only fall by what the buyer's has risen by, or by what was there.
    function _countOpenInterest(uint256 market, int256 sizeBefore, int256 sizeAfter) private {
        uint256 longBefore = sizeBefore > 0 ? uint256(sizeBefore) : 0;
        uint256 longAfter = sizeAfter > 0 ? uint256(sizeAfter) : 0;
        if (longBefore == longAfter) return;
        _markets[market].openInterest = _markets[market].openInterest + longAfter - longBefore;
    }
}
