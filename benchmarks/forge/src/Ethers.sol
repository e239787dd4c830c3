// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Stage} from "./Stage.sol";
import {Bundler} from "contracts/harness/Bundler.sol";
import {IEtherGateway} from "contracts/interfaces/IEtherGateway.sol";

/// @title What the handler does through the gateway of ether
abstract contract Ethers is Stage {
    uint256 private immutable WRAPPED;

    constructor() {
        WRAPPED = IEtherGateway(_cast.gateway).collateral();
    }

    function depositEther(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 account = _account(dice);
        address caller = _chance(dice, 30) ? _cast.operators[0] : _at(account);
        uint256 amount = _cast.walletUnits[WRAPPED] * _between(dice, 1, 100) / 20_000;
        _take(account);
        _pay(_cast.gateway, caller, abi.encodeCall(IEtherGateway.depositEther, (_at(account))), amount);
    }

    function withdrawEther(uint256 draw) external {
        Dice memory dice = _dice(draw);
        uint256 account = _account(dice);
        address caller = _chance(dice, 30) ? _cast.operators[0] : _at(account);
        uint256 held = ENGINE.collateralOf(_at(account), WRAPPED);
        uint256 amount = held / _between(dice, 1, 10);
        _take(account);
        _sendTo(_cast.gateway, caller, abi.encodeCall(IEtherGateway.withdrawEther, (_at(account), amount)));
    }

    function sendEther(uint256 draw) external {
        Dice memory dice = _dice(draw);
        _take(NOBODY);
        _pay(_cast.gateway, _at(_account(dice)), "", _upTo(dice, W));
    }

    function refuseEther(uint256 draw) external {
        Dice memory dice = _dice(draw);
        _take(NOBODY);
        _sendTo(_at(7), _cast.publisher, abi.encodeCall(Bundler.setRefusesEther, (_chance(dice, 50))));
    }
}
