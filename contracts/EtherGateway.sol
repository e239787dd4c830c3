// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IEtherGateway} from "./interfaces/IEtherGateway.sol";
import {IMarginEngine} from "./interfaces/IMarginEngine.sol";
import {IMarginEngineErrors} from "./interfaces/IMarginEngineErrors.sol";
import {IWrappedEther} from "./interfaces/IWrappedEther.sol";
import {Safety} from "./libraries/Safety.sol";
import {SafeTransferLib} from "solady/src/utils/SafeTransferLib.sol";

/// @title Ether in and out as margin
/// @notice An operator of the accounts that approve it: it wraps what comes in, unwraps what goes out, and keeps nothing.
/// @dev Section 19. It needs no guard: it stores nothing, and has nothing left to do once it has sent ether.
contract EtherGateway is IEtherGateway, IMarginEngineErrors {
    using SafeTransferLib for address;

    IMarginEngine private immutable _ENGINE;
    uint256 private immutable _COLLATERAL;
    address private immutable _TOKEN;

    /// @dev Rule E2.
    constructor(address engine_, uint256 collateral_) {
        Safety.require_(engine_.code.length > 0, "engine");
        _ENGINE = IMarginEngine(engine_);
        _COLLATERAL = collateral_;
        _TOKEN = _ENGINE.collateralAt(collateral_).token;
    }

    /// @dev Rule E5. Unwrapping gives it 2,300 gas for this.
    receive() external payable {
        if (msg.sender != _TOKEN) revert EtherNotAccepted(msg.sender);
    }

    /// @inheritdoc IEtherGateway
    /// @dev Rule E3. The engine may pull what it is about to pull, and no more.
    function depositEther(address account) external payable {
        _requireRight(account);
        IWrappedEther(_TOKEN).deposit{value: msg.value}();
        _TOKEN.safeApprove(address(_ENGINE), msg.value);
        _ENGINE.deposit(account, _COLLATERAL, msg.value);
        emit EtherDeposited(account, msg.sender, msg.value);
    }

    /// @inheritdoc IEtherGateway
    /// @dev Rule E4. What is pulled is what the engine has just paid the account.
    function withdrawEther(address account, uint256 amount) external {
        _requireRight(account);
        _ENGINE.withdraw(account, _COLLATERAL, amount);
        _TOKEN.safeTransferFrom(account, address(this), amount);
        IWrappedEther(_TOKEN).withdraw(amount);
        emit EtherWithdrawn(account, amount);
        (bool delivered,) = account.call{value: amount}("");
        if (!delivered) revert EtherNotDelivered(account, amount);
    }

    /// @inheritdoc IEtherGateway
    function engine() external view returns (address) {
        return address(_ENGINE);
    }

    /// @inheritdoc IEtherGateway
    function collateral() external view returns (uint256) {
        return _COLLATERAL;
    }

    /// @inheritdoc IEtherGateway
    function wrappedEther() external view returns (address) {
        return _TOKEN;
    }

    /// @dev Rule A2, asked of the engine.
    function _requireRight(address account) private view {
        if (msg.sender != account && !_ENGINE.isOperator(account, msg.sender)) {
            revert Unauthorized(msg.sender, account);
        }
    }
}
