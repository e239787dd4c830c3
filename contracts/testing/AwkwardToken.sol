// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20, ERC20FlashMint} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20FlashMint.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ITokenHolder} from "./ITokenHolder.sol";
import {TestToken} from "./TestToken.sol";

/// @title A token whose issuer can pause it, have it refuse a holder, take a fee, and call back whom it concerns
/// @notice Plain as long as its issuer does nothing. Anybody may borrow any number of units for the length of a call.
/// @dev What is created and what is destroyed is not concerned: loans are both.
contract AwkwardToken is TestToken, ERC20FlashMint {
    uint256 private constant WAD = 1e18;

    address public immutable issuer;

    /// @notice Whether transfers are refused.
    bool public paused;

    /// @notice Whether who sends and who receives is called, if there is code: the one before the units move, the other after.
    bool public callsBack;

    /// @notice What of a transfer is destroyed, wad, rounded down. The sender pays `units`, the receiver gets the rest.
    uint64 public feeRate;

    /// @notice Who neither sends nor receives.
    mapping(address holder => bool isRefused) public refused;

    error TokenPaused();
    error HolderRefused(address holder);

    modifier onlyIssuer() {
        require(msg.sender == issuer, "only the issuer");
        _;
    }

    constructor(string memory name, string memory symbol, uint8 decimals_, address issuer_)
        TestToken(name, symbol, decimals_)
    {
        issuer = issuer_;
    }

    /// @notice Begins or ends a pause.
    function setPaused(bool paused_) external onlyIssuer {
        paused = paused_;
    }

    /// @notice Refuses a holder, or no longer.
    function setRefused(address holder, bool refused_) external onlyIssuer {
        refused[holder] = refused_;
    }

    /// @notice Takes a part of each transfer from now on.
    /// @param rate wad; all of it is taken from one on
    function setFeeRate(uint64 rate) external onlyIssuer {
        feeRate = rate;
    }

    /// @notice Begins or ceases to call back.
    function setCallsBack(bool callsBack_) external onlyIssuer {
        callsBack = callsBack_;
    }

    /// @inheritdoc TestToken
    function decimals() public view override(ERC20, TestToken) returns (uint8) {
        return TestToken.decimals();
    }

    /// @inheritdoc ERC20
    function _update(address from, address to, uint256 units) internal override {
        if (from == address(0) || to == address(0)) {
            super._update(from, to, units);
            return;
        }
        if (paused) revert TokenPaused();
        if (refused[from]) revert HolderRefused(from);
        if (refused[to]) revert HolderRefused(to);
        if (callsBack) _callBack(from);
        super._update(from, to, units);
        uint256 fee = Math.mulDiv(units, Math.min(feeRate, WAD), WAD);
        if (fee > 0) super._update(to, address(0), fee);
        if (callsBack) _callBack(to);
    }

    /// @dev Not everybody with code knows the call, an engine least of all: what becomes of it does not matter.
    function _callBack(address holder) private {
        if (holder.code.length == 0) return;
        (bool done,) = holder.call(abi.encodeCall(ITokenHolder.tokensMove, ()));
        done;
    }
}
