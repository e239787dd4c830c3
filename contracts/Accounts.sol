// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IAccounts} from "./interfaces/IAccounts.sol";
import {IMarginEngineErrors} from "./interfaces/IMarginEngineErrors.sol";
import {IMarginEngineEvents} from "./interfaces/IMarginEngineEvents.sol";

/// @title What accounts hold, and who may act for them
/// @dev An *asset* is a market or a collateral, numbered so that one number orders both as rule O5 does: markets from
/// 0, collaterals from `FIRST_COLLATERAL`.
abstract contract Accounts is ReentrancyGuardTransient, IAccounts, IMarginEngineErrors, IMarginEngineEvents {
    uint256 internal constant MOST_MARKETS = 16;
    uint256 internal constant MOST_COLLATERALS = 8;
    uint256 internal constant FIRST_COLLATERAL = MOST_MARKETS;

    /// @dev The bits of `Account.holdings` that stand for positions.
    uint256 internal constant POSITIONS = (1 << FIRST_COLLATERAL) - 1;

    /// @dev The bits of `Account.holdings` that stand for what is held; above them are those of isolated markets.
    uint256 internal constant ASSETS = (1 << FIRST_ISOLATED) - 1;
    uint256 internal constant FIRST_ISOLATED = 32;

    /// @notice A position, in one slot. Rule N6: both fit.
    /// @param size base wad, positive for long
    /// @param quote quote wad
    struct Position {
        int128 size;
        int128 quote;
    }

    /// @notice An account. Section 5.
    /// @param cash quote wad, negative for a debt
    /// @param holdings one bit an asset: set iff the size is not 0, or the units are not. So a valuation visits what
    /// is there and reads nothing else. From bit 32 on, one bit an isolated market (rule B1).
    /// @param positions by market
    /// @param margins by market, quote wad: what stands behind an isolated position, negative for a debt; zero where the
    /// market is not isolated
    /// @param units by collateral, token units; number 0 is cash and stays 0 here
    /// @param operators who may act for the account. Rule A2.
    /// @param nonce that its next signature needs. Rule A6.
    struct Account {
        int256 cash;
        uint256 holdings;
        Position[MOST_MARKETS] positions;
        int256[MOST_MARKETS] margins;
        uint256[MOST_COLLATERALS] units;
        mapping(address operator => bool approved) operators;
        uint256 nonce;
    }

    mapping(address account => Account) internal _accounts;

    /// @inheritdoc IAccounts
    function setOperator(address operator, bool approved) external nonReentrant {
        _accounts[msg.sender].operators[operator] = approved;
        emit OperatorSet(msg.sender, operator, approved);
    }

    /// @inheritdoc IAccounts
    function isOperator(address account, address operator) external view returns (bool) {
        return _accounts[account].operators[operator];
    }

    /// @inheritdoc IAccounts
    function cashOf(address account) external view nonReentrantView returns (int256) {
        return _accounts[account].cash;
    }

    /// @dev Rule A2.
    function _requireRight(address account) internal view {
        if (msg.sender != account && !_accounts[account].operators[msg.sender]) {
            revert Unauthorized(msg.sender, account);
        }
    }

    /// @return size base wad, positive for long
    /// @return quote quote wad
    function _positionOf(Account storage self, uint256 market) internal view returns (int256 size, int256 quote) {
        Position storage position = self.positions[market];
        return (position.size, position.quote);
    }

    /// @notice Stores a position and whether there is one.
    /// @dev Rule N6 keeps both numbers below 2^127. That is asserted and not assumed: a narrowing cast would drop
    /// the upper bits without a word.
    function _setPosition(Account storage self, uint256 market, int256 size, int256 quote) internal {
        assert(int128(size) == size && int128(quote) == quote);
        self.positions[market] = Position(int128(size), int128(quote));
        _setHeld(self, market, size != 0);
    }

    /// @notice Stores a balance of a collateral other than number 0 and whether there is one.
    function _setUnits(Account storage self, uint256 collateral, uint256 units) internal {
        self.units[collateral] = units;
        _setHeld(self, FIRST_COLLATERAL + collateral, units != 0);
    }

    /// @notice Begins or ends a market's bucket.
    function _setIsolated(Account storage self, uint256 market, bool isolated) internal {
        _setHeld(self, FIRST_ISOLATED + market, isolated);
    }

    /// @dev Rule B1.
    function _isIsolated(Account storage self, uint256 market) internal view returns (bool) {
        return self.holdings >> (FIRST_ISOLATED + market) & 1 == 1;
    }

    /// @notice The bits of what is held across: everything but isolated positions.
    function _crossHoldings(Account storage self) internal view returns (uint256) {
        uint256 holdings = self.holdings;
        return holdings & ASSETS & ~(holdings >> FIRST_ISOLATED);
    }

    /// @notice Adds to the money behind a position: the margin of an isolated market, or the account's cash. Rule B5.
    /// @param amount quote wad, may be negative
    function _pay(Account storage self, uint256 market, int256 amount) internal {
        if (_isIsolated(self, market)) self.margins[market] += amount;
        else self.cash += amount;
    }

    /// @notice Whether every margin test of the account passes without a price.
    /// @dev Rule V7.
    function _isUnencumbered(Account storage self) internal view returns (bool) {
        return _crossHoldings(self) & POSITIONS == 0 && self.cash >= 0;
    }

    /// @notice Whether every margin test of a bucket passes without a price.
    /// @dev Rules V7, B1.
    function _isBucketUnencumbered(Account storage self, uint256 market) internal view returns (bool) {
        return self.positions[market].size == 0 && self.margins[market] >= 0;
    }

    function _setHeld(Account storage self, uint256 bitNumber, bool held) private {
        uint256 before = self.holdings;
        uint256 bit = 1 << bitNumber;
        uint256 afterwards = held ? before | bit : before & ~bit;
        if (afterwards != before) self.holdings = afterwards;
    }
}
