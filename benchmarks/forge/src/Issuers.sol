// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Stage} from "./Stage.sol";
import {AwkwardToken} from "contracts/testing/AwkwardToken.sol";

/// @title What the handler has the tokens do
/// @dev What a token does is remembered, so that a next action can have it cease: else much after it is refused.
abstract contract Issuers is Stage {
    /// @dev What ends what a token does.
    bytes private _remedy;
    address private _ill;

    function pauseToken(uint256 draw) external {
        bytes memory off = abi.encodeCall(AwkwardToken.setPaused, (false));
        _turn(_dice(draw), abi.encodeCall(AwkwardToken.setPaused, (true)), off);
    }

    function refuseHolder(uint256 draw) external {
        Dice memory dice = _dice(draw);
        address holder = _chance(dice, 30) ? address(ENGINE) : _at(_account(dice));
        bytes memory off = abi.encodeCall(AwkwardToken.setRefused, (holder, false));
        _turn(dice, abi.encodeCall(AwkwardToken.setRefused, (holder, true)), off);
    }

    function setTransferFee(uint256 draw) external {
        Dice memory dice = _dice(draw);
        bytes memory off = abi.encodeCall(AwkwardToken.setFeeRate, (0));
        _turn(dice, abi.encodeCall(AwkwardToken.setFeeRate, (uint64(W / 10 ** _between(dice, 1, 4)))), off);
    }

    function setCallback(uint256 draw) external {
        bytes memory off = abi.encodeCall(AwkwardToken.setCallsBack, (false));
        _turn(_dice(draw), abi.encodeCall(AwkwardToken.setCallsBack, (true)), off);
    }

    function _turn(Dice memory dice, bytes memory on, bytes memory off) private {
        _take(NOBODY);
        if (_cured()) return;
        (_ill, _remedy) = (_cast.tokens[_upTo(dice, COLLATERALS - 1)], off);
        _sendTo(_ill, _cast.publisher, on);
    }

    /// @dev Has a token cease whatever it does. Whether one did anything.
    function _cured() internal returns (bool) {
        if (_ill == address(0)) return false;
        _sendTo(_ill, _cast.publisher, _remedy);
        _ill = address(0);
        return true;
    }
}
