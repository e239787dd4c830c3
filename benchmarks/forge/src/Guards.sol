// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Stage} from "./Stage.sol";
import {Breaker, OutflowLimit, PauseParameters} from "contracts/Types.sol";
import {IGuardian} from "contracts/interfaces/IGuardian.sol";

/// @title What the handler does about circuit breakers
/// @dev What stops is remembered, so that a next action can have it begin again: else everything after it is refused.
abstract contract Guards is Stage {
    bool internal _paused;
    /// @dev The market that only shrinks, and one more; zero if none does.
    uint256 internal _shrinking;

    function setBreaker(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 m = _upTo(dice, MARKETS - 1);
        Breaker memory breaker;
        if (_chance(dice, 60)) {
            breaker.tripRate = uint64(W * _between(dice, 0, 50) / 100);
            breaker.window = uint32(60 * 10 ** _upTo(dice, 2));
            breaker.cooldown = uint32(60 * _between(dice, 1, 10));
        }
        if (_chance(dice, 40)) breaker.openInterestCap = uint128(ENGINE.openInterest(m) * _upTo(dice, 4));
        _take(NOBODY);
        _send(_staff(dice, 1), abi.encodeCall(IGuardian.setBreaker, (m, breaker)));
    }

    function setReduceOnly(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 m = _shrinking == 0 ? _upTo(dice, MARKETS - 1) : _shrinking - 1;
        bool shrinks = _shrinking == 0;
        _take(NOBODY);
        if (_send(_staff(dice, 1), abi.encodeCall(IGuardian.setReduceOnly, (m, shrinks)))) {
            _shrinking = shrinks ? m + 1 : 0;
        }
    }

    function setOutflowLimit(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 collateral = _upTo(dice, COLLATERALS - 1);
        OutflowLimit memory limit;
        if (_chance(dice, 70)) {
            limit.limit = uint128(_cast.walletUnits[collateral] / _between(dice, 1, 100));
            limit.window = uint32(60 * 10 ** _upTo(dice, 4));
        }
        _take(NOBODY);
        _send(_staff(dice, 1), abi.encodeCall(IGuardian.setOutflowLimit, (collateral, limit)));
    }

    function setPauseParameters(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint32 longest = uint32(60 * _between(dice, 1, 10));
        uint32 grace = uint32(10 * _upTo(dice, 6));
        uint32 rest = longest + grace - uint32(_chance(dice, 10) ? 1 : 0);
        _take(NOBODY);
        _send(_staff(dice, 1), abi.encodeCall(IGuardian.setPauseParameters, (PauseParameters(longest, grace, rest))));
    }

    function pause(uint256 draw) external {
        Dice memory dice = _dice(draw);
        _take(NOBODY);
        bytes memory data = abi.encodeCall(IGuardian.pause, (60 * _between(dice, 1, 12)));
        if (_send(_staff(dice, 4), data)) _paused = true;
    }

    function unpause(uint256 draw) external {
        Dice memory dice = _dice(draw);
        _take(NOBODY);
        if (_send(_staff(dice, 4), abi.encodeCall(IGuardian.unpause, ()))) _paused = false;
    }

    /// @dev Has begin again what stands still. Whether anything did.
    function _reopened() internal returns (bool) {
        if (_paused) {
            _paused = false;
            _send(_cast.staff[4], abi.encodeCall(IGuardian.unpause, ()));
            return true;
        }
        if (_shrinking == 0) return false;
        uint256 m = _shrinking - 1;
        _shrinking = 0;
        _send(_cast.staff[1], abi.encodeCall(IGuardian.setReduceOnly, (m, false)));
        return true;
    }
}
