// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Bracket} from "../Types.sol";
import {IMarginEngineErrors} from "../interfaces/IMarginEngineErrors.sol";
import {WAD, Wad} from "./Wad.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @dev Most brackets that a market may have. Rule P2.
uint256 constant MOST_BRACKETS = 8;

/// @title Margin requirements that rise with the notional
library Brackets {
    /// @notice A bracket with the deductions of rule V5, which make the requirement continuous.
    /// @param floor notional from which it applies, quote wad; zero beyond the first means that there is no such
    /// bracket
    /// @param initialRate marginal rate, wad
    /// @param maintenanceRate marginal rate, wad
    /// @param initialDeduction `D_k` for initial rates, quote wad times wad
    /// @param maintenanceDeduction `D_k` for maintenance rates, quote wad times wad
    struct Stored {
        uint128 floor;
        uint64 initialRate;
        uint64 maintenanceRate;
        uint256 initialDeduction;
        uint256 maintenanceDeduction;
    }

    /// @notice Checks and stores the brackets of a new market. Rules P2, V5.
    function store(Stored[MOST_BRACKETS] storage self, Bracket[] calldata brackets) internal {
        _require(brackets.length >= 1 && brackets.length <= MOST_BRACKETS && brackets[0].floor == 0);
        for (uint256 k; k < brackets.length; ++k) {
            Bracket calldata bracket = brackets[k];
            _require(bracket.maintenanceRate > 0 && bracket.maintenanceRate < bracket.initialRate);
            _require(bracket.initialRate <= WAD);
            self[k].floor = bracket.floor;
            self[k].initialRate = bracket.initialRate;
            self[k].maintenanceRate = bracket.maintenanceRate;
            if (k > 0) _chain(self[k - 1], self[k]);
        }
    }

    /// @notice The number of brackets of a market.
    function count(Stored[MOST_BRACKETS] storage self) internal view returns (uint256 number) {
        number = 1;
        while (number < MOST_BRACKETS && self[number].floor != 0) ++number;
    }

    /// @notice Initial and maintenance requirement of a position, quote wad, each rounded up once. Rule V5.
    /// @param notional quote wad; zero requires zero
    /// @param part how far open interest is on its way from where scaling begins to where it ends, quote wad; at most
    /// `whole`
    /// @param whole all of that way, quote wad; not zero
    function requirementsUp(Stored[MOST_BRACKETS] storage self, uint256 notional, uint256 part, uint256 whole)
        internal
        view
        returns (uint256 initial, uint256 maintenance)
    {
        Stored storage bracket = _of(self, notional);
        // Read together, since they share a slot.
        (uint256 initialRate, uint256 maintenanceRate) = (bracket.initialRate, bracket.maintenanceRate);
        uint256 base = notional * initialRate - bracket.initialDeduction;
        // Rounded up here and once more below, which is the same as once: what is added up are whole numbers, and so
        // is what they are divided by.
        if (part > 0) base += Math.mulDiv(notional * WAD - base, part, whole, Math.Rounding.Ceil);
        initial = Wad.divUp(base, WAD);
        maintenance = Wad.divUp(notional * maintenanceRate - bracket.maintenanceDeduction, WAD);
    }

    /// @notice Maintenance requirement alone, quote wad, rounded up. Rule V5.
    /// @param notional quote wad; zero requires zero
    function maintenanceUp(Stored[MOST_BRACKETS] storage self, uint256 notional) internal view returns (uint256) {
        Stored storage bracket = _of(self, notional);
        return Wad.divUp(notional * bracket.maintenanceRate - bracket.maintenanceDeduction, WAD);
    }

    /// @dev Rule V5: the last bracket whose floor is at most the notional.
    function _of(Stored[MOST_BRACKETS] storage self, uint256 notional) private view returns (Stored storage bracket) {
        bracket = self[0];
        for (uint256 k = 1; k < MOST_BRACKETS; ++k) {
            uint256 floor = self[k].floor;
            if (floor == 0 || floor > notional) break;
            bracket = self[k];
        }
    }

    /// @dev Rules P2, V5: `D_k = D_(k-1) + floor_k * (rate_k - rate_(k-1))`, exact.
    function _chain(Stored storage below, Stored storage bracket) private {
        _require(bracket.floor > below.floor);
        _require(bracket.initialRate >= below.initialRate && bracket.maintenanceRate >= below.maintenanceRate);
        uint256 floor = bracket.floor;
        bracket.initialDeduction = below.initialDeduction + floor * (bracket.initialRate - below.initialRate);
        bracket.maintenanceDeduction =
            below.maintenanceDeduction + floor * (bracket.maintenanceRate - below.maintenanceRate);
    }

    function _require(bool valid) private pure {
        if (!valid) revert IMarginEngineErrors.UnsafeParameter("brackets");
    }
}
