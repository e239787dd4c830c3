// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A plain token that its deployer mints
contract TestToken is ERC20 {
    address private immutable _minter;
    uint8 private immutable _decimals;

    constructor(string memory name, string memory symbol, uint8 decimals_) ERC20(name, symbol) {
        _minter = msg.sender;
        _decimals = decimals_;
    }

    /// @notice Creates `units` for `to`; the deployer's right alone.
    function mint(address to, uint256 units) external {
        require(msg.sender == _minter, "only the minter");
        _mint(to, units);
    }

    /// @inheritdoc ERC20
    function decimals() public view virtual override returns (uint8) {
        return _decimals;
    }
}
