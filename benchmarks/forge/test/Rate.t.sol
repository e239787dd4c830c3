// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CHEATS} from "../src/Cheats.sol";
import {Handler} from "../src/Handler.sol";
import {JudgedEngine} from "../src/JudgedEngine.sol";
import {JudgedOrders} from "../src/JudgedOrders.sol";
import {Cast, Options} from "../src/Stage.sol";
import {MarketListing} from "contracts/Types.sol";

/// @title The deployment of the hunt, driven by forge's invariant runner
/// @dev `run.py` writes the deployment's transactions and the mix that it has measured to one file.
abstract contract Rate {
    /// @param creates the address that a creation will have; zero for a call
    /// @param nonce the sender's, for a creation
    struct Transaction {
        address sender;
        address to;
        bytes data;
        address creates;
        uint64 nonce;
        uint256 value;
    }

    struct FuzzSelector {
        address addr;
        bytes4[] selectors;
    }

    /// @param engineAt which transaction creates the engine's implementation: `JudgedEngine` takes its place
    /// @param engineArguments of its constructor
    /// @param ordersAt which transaction creates the orders: `JudgedOrders` take their place
    /// @param ordersArguments of their constructor
    /// @param selectors the handler's, each as often as its weight says
    struct Setting {
        uint256 timestamp;
        Transaction[] transactions;
        uint256 engineAt;
        bytes engineArguments;
        uint256 ordersAt;
        bytes ordersArguments;
        Cast cast;
        bytes4[] selectors;
    }

    Handler internal _handler;
    JudgedEngine private _engine;
    JudgedOrders private _orders;
    uint128[4] private _lots;
    uint128[4] private _ticks;
    address[8] private _accounts;
    address[2] private _operators;
    bytes4[] private _selectors;

    function setUp() external {
        Setting memory setting = abi.decode(CHEATS.readFileBinary("../../build/bench/setting.bin"), (Setting));
        for (uint256 i; i < setting.transactions.length; ++i) {
            Transaction memory transaction = setting.transactions[i];
            CHEATS.warp(setting.timestamp + 1 + i);
            if (transaction.to != address(0)) {
                CHEATS.deal(transaction.sender, transaction.value);
                CHEATS.prank(transaction.sender);
                (bool done,) = transaction.to.call{value: transaction.value}(transaction.data);
                require(done, "a transaction of the deployment failed");
                continue;
            }
            bytes memory code = transaction.data;
            if (i == setting.engineAt) {
                code = abi.encodePacked(type(JudgedEngine).creationCode, setting.engineArguments);
            } else if (i == setting.ordersAt) {
                code = abi.encodePacked(type(JudgedOrders).creationCode, setting.ordersArguments);
            }
            CHEATS.setNonceUnsafe(transaction.sender, transaction.nonce);
            CHEATS.prank(transaction.sender);
            address created;
            assembly ("memory-safe") {
                created := create(0, add(code, 0x20), mload(code))
            }
            require(created == transaction.creates, "a creation of the deployment went elsewhere");
        }
        _engine = JudgedEngine(payable(address(setting.cast.engine)));
        _orders = JudgedOrders(setting.cast.orders);
        for (uint256 market; market < 4; ++market) {
            MarketListing memory listed = setting.cast.engine.marketAt(market);
            (_lots[market], _ticks[market]) = (listed.lot, listed.tick);
        }
        _accounts = setting.cast.accounts;
        _operators = setting.cast.operators;
        _selectors = setting.selectors;
        _handler = new Handler(setting.cast, _options());
        _fund(setting.cast);
    }

    /// @dev As the hunt's sequences begin: most accounts have some collateral, two have plenty to trade against.
    function _fund(Cast memory cast) private {
        for (uint256 account; account < 8; ++account) {
            for (uint256 collateral; collateral < cast.tokens.length; ++collateral) {
                bool rich = collateral == 0 && (account == 5 || account == 6);
                if (!rich && (account + 2 * collateral) % 5 > 1) continue;
                address holder = cast.accounts[account];
                CHEATS.prank(holder);
                _engine.deposit(holder, collateral, cast.walletUnits[collateral] / (rich ? 5 : 20 << account));
            }
        }
    }

    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_handler);
    }

    function targetSelectors() external view returns (FuzzSelector[] memory targets) {
        targets = new FuzzSelector[](1);
        targets[0] = FuzzSelector(address(_handler), _selectors);
    }

    function targetSenders() external view returns (address[] memory senders) {
        senders = new address[](1);
        senders[0] = address(this);
    }

    function invariant_nothing_is_broken() external view {
        (uint256 approvals, uint256 nonces, bool asksOrders) = _handler.remembered();
        _engine.judge(_accounts, _operators, _valued(), approvals, nonces);
        // The code of the orders runs when they are called, and at no other time.
        if (asksOrders) _orders.judge(_accounts, _lots, _ticks);
    }

    function _options() internal pure virtual returns (Options memory) {
        return Options({refusalsRevert: false, tellsAffected: false});
    }

    /// @dev Whose health is read, as `JudgedEngine.judge` takes it.
    function _valued() internal view virtual returns (uint256);
}

/// @notice After every call: the whole stored state of every account, and the health of every account.
contract HealthOfAll is Rate {
    function _valued() internal pure override returns (uint256) {
        return 0xff;
    }
}

/// @notice As `HealthOfAll`, but health is read only of those whose health the call can have changed.
/// @dev Who that is follows from what the handler did and from how the engine is written: it is not observed.
contract HealthOfAffected is Rate {
    function _options() internal pure override returns (Options memory) {
        return Options({refusalsRevert: false, tellsAffected: true});
    }

    function _valued() internal view override returns (uint256) {
        return _handler.affected();
    }
}

/// @notice As `HealthOfAll`, but health is read only of those that took part: what a price does to others is not seen.
contract HealthOfParticipants is Rate {
    function _valued() internal view override returns (uint256) {
        return _handler.participants();
    }
}

/// @notice As `HealthOfParticipants`, but what the engine refuses makes the handler revert: forge then asks nothing.
contract RefusalsUnjudged is HealthOfParticipants {
    function _options() internal pure override returns (Options memory) {
        return Options({refusalsRevert: true, tellsAffected: false});
    }
}
