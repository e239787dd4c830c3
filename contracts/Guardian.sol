// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Stops} from "./Stops.sol";
import {Breaker, OutflowLimit, PauseParameters} from "./Types.sol";
import {IGuardian} from "./interfaces/IGuardian.sol";
import {Safety} from "./libraries/Safety.sol";
import {Wad} from "./libraries/Wad.sol";

/// @title Who may set what stops, and who may pause
/// @dev Section 15. Code of `Governance`.
abstract contract Guardian is Stops, IGuardian {
    /// @notice Pauses. Rule A3.
    bytes32 public constant GUARDIAN_ROLE = keccak256("GUARDIAN_ROLE");

    /// @inheritdoc IGuardian
    function setBreaker(uint256 market, Breaker calldata breaker) external onlyRole(RISK_ROLE) {
        _requireMarket(market);
        Safety.requireBreaker(breaker, _markets[market].lot);
        _markets[market].breaker = breaker;
        emit BreakerSet(market, breaker.tripRate, breaker.window, breaker.cooldown, breaker.openInterestCap);
    }

    /// @inheritdoc IGuardian
    function setReduceOnly(uint256 market, bool reduceOnly) external onlyRole(RISK_ROLE) {
        _requireMarket(market);
        _markets[market].stop.reduceOnly = reduceOnly;
        emit ReduceOnlySet(market, reduceOnly);
    }

    /// @inheritdoc IGuardian
    /// @dev What is used stays used, in units rounded up, but is not more than the new limit: that too is forgotten in
    /// one window. Without a limit nothing was used. Rule S9.
    function setOutflowLimit(uint256 collateral, OutflowLimit calldata limit) external onlyRole(RISK_ROLE) {
        _requireCollateral(collateral);
        Safety.requireOutflowLimit(limit);
        Collateral storage self = _collaterals[collateral];
        uint256 windowBefore = self.outflowLimit.window;
        if (windowBefore != 0) {
            uint256 used = Math.min(Wad.divUp(_outflowUsed(collateral), windowBefore), limit.limit);
            self.outflow = Outflow(uint160(used * limit.window), uint48(block.timestamp));
        }
        self.outflowLimit = limit;
        emit OutflowLimitSet(collateral, limit.limit, limit.window);
    }

    /// @inheritdoc IGuardian
    function setPauseParameters(PauseParameters calldata parameters) external onlyRole(RISK_ROLE) {
        Safety.requirePause(parameters);
        _pauseParameters = parameters;
        emit PauseParametersSet(parameters.longest, parameters.grace, parameters.rest);
    }

    /// @inheritdoc IGuardian
    /// @dev Rule S7.
    function pause(uint256 duration) external onlyRole(GUARDIAN_ROLE) {
        PauseParameters memory parameters = _pauseParameters;
        if (duration == 0 || duration > parameters.longest) revert InvalidPause(duration, parameters.longest);
        if (block.timestamp < _pause.pausableFrom) revert PausedTooRecently(_pause.pausableFrom);
        uint256 until = block.timestamp + duration;
        _setPause(until, until + parameters.grace, until + parameters.grace + parameters.rest);
        emit Paused(until, until + parameters.grace);
    }

    /// @inheritdoc IGuardian
    /// @dev Rule S7: all that follows comes earlier by as much.
    function unpause() external onlyRole(GUARDIAN_ROLE) {
        Pause memory running = _pause;
        if (block.timestamp >= running.until) revert NotPaused();
        uint256 early = running.until - block.timestamp;
        _setPause(block.timestamp, running.graceUntil - early, running.pausableFrom - early);
        emit Unpaused(running.graceUntil - early);
    }

    function _setPause(uint256 until, uint256 graceUntil, uint256 pausableFrom) private {
        _pause = Pause(uint48(until), uint48(graceUntil), uint48(pausableFrom));
    }
}
