// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC1967Utils} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Utils.sol";
import {MarginEngine} from "contracts/MarginEngine.sol";
import {FeedReader, Price} from "contracts/libraries/FeedReader.sol";

interface IBalances {
    function balanceOf(address holder) external view returns (uint256);
}

/// @title The engine with one more view, which reads everything and judges it
/// @dev Inheriting is the fastest way in: one call reads what sixty views would, each of which costs more than all of
/// the reading here. Nothing that can be called of the engine is changed.
contract JudgedEngine is MarginEngine {
    /// @notice What does not hold, by the number of the specification's rule.
    error Broken(bytes32 rule);

    /// @dev Sums over accounts, for the rules that speak of all of them.
    struct Sums {
        int256 quote;
        uint256 approvals;
        uint256 nonces;
        int256[MOST_MARKETS] net;
        int256[MOST_MARKETS] longs;
        uint256[MOST_COLLATERALS] units;
    }

    address private immutable _CODE = address(this);

    constructor(address views) MarginEngine(views) {}

    /// @notice Reads the whole stored state of every account and every counter, values accounts, and reverts if a rule
    /// is broken.
    /// @param valued which accounts are valued: a bit for each of them, and above those eight a bit for each asset,
    /// as `holdings` has them, whose holders are
    /// @param approvals what `operators` may do, as the handler remembers it: two bits for each account
    /// @param nonces how many all accounts have used, as the handler remembers it
    /// @dev Unchecked: nothing here can overflow but what rule N6 bounds, and forge runs every opcode through its
    /// inspectors, so that opcodes are what a call costs.
    function judge(
        address[8] calldata accounts,
        address[2] calldata operators,
        uint256 valued,
        uint256 approvals,
        uint256 nonces
    ) external view {
        unchecked {
            Sums memory sums;
            uint256 markets = marketCount;
            uint256 collaterals = collateralCount;
            for (uint256 i = 8; i != 0;) {
                --i;
                Account storage self = _accounts[accounts[i]];
                _judgeStored(self, sums, markets, collaterals);
                sums.nonces += self.nonce;
                sums.approvals <<= 2;
                if (self.operators[operators[0]]) sums.approvals |= 1;
                if (self.operators[operators[1]]) sums.approvals |= 2;
                if (valued >> i & 1 == 1 || self.holdings & valued >> 8 & ASSETS != 0) {
                    _judgeHealth(accounts[i], self);
                    _judgeBuckets(accounts[i], self);
                }
            }
            _require(sums.approvals == approvals, "A2");
            _require(sums.nonces == nonces, "A6");
            _require(ERC1967Utils.getImplementation() == _CODE, "U1");
            _require(_getInitializedVersion() == 1, "U2");
            _judgeSums(sums, markets, collaterals);
            _judgeClocks(markets, collaterals);
        }
    }

    /// @dev Assembly reads a position as the one word that it is: most are empty, and cost no more than that.
    function _judgeStored(Account storage self, Sums memory sums, uint256 markets, uint256 collaterals) private view {
        unchecked {
            int256 quotes = self.cash;
            uint256 held;
            uint256 holdings = self.holdings;
            for (uint256 market; market != markets; ++market) {
                uint256 word;
                int256 margin;
                Position[MOST_MARKETS] storage positions = self.positions;
                int256[MOST_MARKETS] storage margins = self.margins;
                assembly ("memory-safe") {
                    word := sload(add(positions.slot, market))
                    margin := sload(add(margins.slot, market))
                }
                if (margin != 0) {
                    _require(holdings >> (FIRST_ISOLATED + market) & 1 == 1, "B1");
                    // Rule B6: nothing but a position is behind a loss.
                    _require(margin > 0 || word != 0, "B6");
                    quotes += margin;
                }
                if (word == 0) continue;
                int256 size = int128(uint128(word));
                quotes += int256(word) >> 128;
                // Rule T5: a position without a size has no quote.
                _require(size != 0, "T5");
                _require(size % int256(uint256(_markets[market].lot)) == 0, "N5");
                held |= 1 << market;
                sums.net[market] += size;
                if (size > 0) sums.longs[market] += size;
            }
            sums.quote += quotes;
            for (uint256 collateral = 1; collateral != collaterals; ++collateral) {
                uint256 units = self.units[collateral];
                if (units == 0) continue;
                held |= 1 << (FIRST_COLLATERAL + collateral);
                sums.units[collateral] += units;
            }
            _require(held == holdings & ASSETS, "holdings");
        }
    }

    function _judgeHealth(address account, Account storage self) private view {
        (Valuation memory valuation, Price memory unusable) = _tryValue(account, _noPrice(), Marks.USABLE);
        if (unusable.status != FeedReader.FRESH) return;
        _require(valuation.maintenanceMargin <= valuation.initialMargin, "P2");
        uint256 holdings = _crossHoldings(self);
        bool isOpen = holdings & POSITIONS != 0;
        _require(isOpen == (valuation.maintenanceMargin != 0), "V5");
        _require(isOpen || valuation.equity >= self.cash, "V2");
        // Rule Q7: nobody is left with a debt and nothing else.
        _require(holdings != 0 || self.cash >= 0, "Q7");
    }

    /// @dev Rule W5, of every bucket: its margins are in order, and there is one where there is a position.
    function _judgeBuckets(address account, Account storage self) private view {
        uint256 isolated = self.holdings >> FIRST_ISOLATED;
        for (uint256 market; isolated != 0; ++market) {
            if (isolated & 1 == 1) {
                Price memory mark;
                mark.asset = market;
                bool isOpen = self.positions[market].size != 0;
                if (isOpen) mark = _priceOf(market);
                if (mark.status == FeedReader.FRESH) {
                    Valuation memory valuation = _valueBucket(account, mark, Marks.USABLE);
                    _require(valuation.maintenanceMargin <= valuation.initialMargin, "P2");
                    _require(isOpen == (valuation.maintenanceMargin != 0), "V5");
                }
            }
            isolated >>= 1;
        }
    }

    function _judgeSums(Sums memory sums, uint256 markets, uint256 collaterals) private view {
        unchecked {
            (uint256 fund, uint256 debt) = (_insurance, _badDebt);
            _require(fund == 0 || debt == 0, "L8");
            for (uint256 market; market != markets; ++market) {
                _require(sums.net[market] == 0, "T1");
                _require(uint256(sums.longs[market]) == _markets[market].openInterest, "T5");
            }
            for (uint256 collateral; collateral != collaterals; ++collateral) {
                Collateral storage kind = _collaterals[collateral];
                uint256 pool = kind.poolUnits;
                if (collateral == 0) {
                    int256 quote = sums.quote + int256(fund + _fees - debt);
                    _require(quote == int256(pool * 10 ** (18 - kind.decimals)), "L10");
                } else {
                    _require(sums.units[collateral] == pool, "L10");
                }
                _require(IBalances(kind.token).balanceOf(address(this)) >= pool, "L10");
            }
        }
    }

    /// @dev Sections 8 and 15: what runs by time has been written no later than now, and is within its bounds.
    function _judgeClocks(uint256 markets, uint256 collaterals) private view {
        unchecked {
            for (uint256 number; number != markets; ++number) {
                Market storage market = _markets[number];
                FundingState memory funding = market.fundingState;
                int256 most = int256(uint256(market.funding.maximumRate));
                _require(funding.rate <= most && -most <= funding.rate, "F1");
                _require(funding.due % int256(uint256(market.tick)) == 0, "F6");
                _require(funding.begunAt <= funding.writtenAt && funding.writtenAt <= block.timestamp, "F2");
                _require(funding.indexReadAt <= block.timestamp, "F3");
                _require(funding.index % market.tick == 0, "O2");
                Stop memory stop = market.stop;
                _require(stop.anchoredAt <= block.timestamp && stop.anchor % market.tick == 0, "S5");
                _require(stop.haltedAt <= stop.anchoredAt, "S6");
            }
            for (uint256 number; number != collaterals; ++number) {
                Collateral storage kind = _collaterals[number];
                Outflow memory outflow = kind.outflow;
                uint256 limit = uint256(kind.outflowLimit.limit) * kind.outflowLimit.window;
                _require(outflow.used <= limit && outflow.at <= block.timestamp, "S9");
            }
            Pause memory pause = _pause;
            _require(pause.until <= pause.graceUntil && pause.graceUntil <= pause.pausableFrom, "S7");
        }
    }

    function _require(bool holds, bytes32 rule) private pure {
        if (!holds) revert Broken(rule);
    }
}
