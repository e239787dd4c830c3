// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITokenHolder} from "../testing/ITokenHolder.sol";
import {IERC3156FlashBorrower} from "@openzeppelin/contracts/interfaces/IERC3156FlashBorrower.sol";
import {IERC3156FlashLender} from "@openzeppelin/contracts/interfaces/IERC3156FlashLender.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Several calls as one transaction, on borrowed money if need be, and others while tokens move
contract Bundler is IERC3156FlashBorrower, ITokenHolder {
    /// @param value wei of this contract's own that go with the call
    struct Call {
        address target;
        bytes data;
        uint256 value;
    }

    /// @notice A call that was tried while tokens moved: which of them, whether it was done, and what it answered.
    event Tried(uint256 indexed place, bool done, bytes answer);

    address public immutable owner;

    /// @dev The calls to be tried, encoded; empty outside of `attack`.
    bytes private _during;
    bool private _isTrying;

    /// @notice Whether it takes no ether.
    bool public refusesEther;

    error EtherRefused();

    modifier onlyOwner() {
        require(msg.sender == owner, "only the owner");
        _;
    }

    constructor(address owner_) {
        owner = owner_;
    }

    receive() external payable {
        if (refusesEther) revert EtherRefused();
    }

    /// @notice Has it take no ether, or take it again; anybody's.
    function setRefusesEther(bool refuses) external {
        refusesEther = refuses;
    }

    /// @notice Makes the calls in order, all or none. If one fails, its revert data becomes this call's, unchanged.
    function run(Call[] calldata calls) external onlyOwner {
        _run(calls);
    }

    /// @notice Does as `run`, with `units` of a token borrowed for as long as it takes, if there are any; and tries other calls
    /// whenever a token calls: those may fail.
    function attack(Call[] calldata calls, Call[] calldata during, address token, uint256 units) external onlyOwner {
        if (during.length > 0) _during = abi.encode(during);
        if (units > 0) IERC3156FlashLender(token).flashLoan(this, token, units, abi.encode(calls));
        else _run(calls);
        delete _during;
    }

    /// @inheritdoc IERC3156FlashBorrower
    function onFlashLoan(address initiator, address token, uint256 units, uint256 fee, bytes calldata data)
        external
        returns (bytes32)
    {
        require(initiator == address(this), "only what the owner borrows");
        _run(abi.decode(data, (Call[])));
        IERC20(token).approve(token, units + fee);
        return keccak256("ERC3156FlashBorrower.onFlashLoan");
    }

    /// @inheritdoc ITokenHolder
    /// @dev What is tried may move tokens too: nothing more is tried then.
    function tokensMove() external {
        if (_during.length == 0 || _isTrying) return;
        _isTrying = true;
        Call[] memory calls = abi.decode(_during, (Call[]));
        for (uint256 i; i < calls.length; ++i) {
            (bool done, bytes memory answer) = calls[i].target.call{value: calls[i].value}(calls[i].data);
            emit Tried(i, done, answer);
        }
        _isTrying = false;
    }

    function _run(Call[] memory calls) private {
        for (uint256 i; i < calls.length; ++i) {
            (bool success, bytes memory reply) = calls[i].target.call{value: calls[i].value}(calls[i].data);
            if (!success) _revertWith(reply);
        }
    }

    /// @dev Assembly: Solidity has no statement that reverts with given bytes.
    function _revertWith(bytes memory reason) private pure {
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }
}
