// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev One unit in wad. Rule N1.
uint256 constant WAD = 1e18;

/// @dev The same as a signed number.
int256 constant SIGNED_WAD = 1e18;

/// @dev Largest notional that a market may ever see, quote wad. Rule N6.
uint256 constant LARGEST_NOTIONAL = 1e34;

/// @dev Largest deposit cap, token units. Rule N6.
uint256 constant LARGEST_DEPOSIT_CAP = 1e33;

/// @dev Largest price, quote wad. Rule P1.
uint256 constant LARGEST_PRICE = 1e36;

/// @dev Largest funding rate, and most by which an interval changes it, wad of the index a day. Rule P11.
uint256 constant MOST_FUNDING_RATE = WAD / 10;

/// @dev Largest open interest at which scaling may end, quote wad. Rule P10.
uint256 constant LARGEST_SCALING = 1e38;

/// @title Exact arithmetic in wad
/// @dev Rule N6 keeps a notional at 10^34, a size below 2^127 and a price at 10^36. Hence size * price is below 10^75,
/// notional * rate at most 10^52, and neither overflows: these products are plain ones. A balance of collateral is at
/// most 10^33 units, so its product with a price and a rate may reach 10^87: only that one needs `mulDiv`. Every cast
/// between signed and unsigned here is of a value below 2^255 for the same reason.
library Wad {
    /// @notice Quote of `size` at `price`. Rule N5: exact if both are multiples of lot and tick.
    /// @param size base wad, not negative
    /// @param price quote wad
    /// @return quote wad
    function notional(uint256 size, uint256 price) internal pure returns (uint256) {
        return size * price / WAD;
    }

    /// @notice Signed quote of `size` at `price`. Rule N5: exact, so it does not matter that `/` truncates.
    /// @param size base wad, negative for short
    /// @param price quote wad, negative where funding due is more than the mark
    /// @return quote wad
    function worth(int256 size, int256 price) internal pure returns (int256) {
        return size * price / SIGNED_WAD;
    }

    /// @notice `amount * rate / W` rounded up.
    function mulRateUp(uint256 amount, uint256 rate) internal pure returns (uint256) {
        return divUp(amount * rate, WAD);
    }

    /// @notice `amount * rate / W` rounded down.
    function mulRateDown(uint256 amount, uint256 rate) internal pure returns (uint256) {
        return amount * rate / WAD;
    }

    /// @notice `a / b` rounded up; `b` is not zero and `a + b` does not overflow.
    function divUp(uint256 a, uint256 b) internal pure returns (uint256) {
        return (a + b - 1) / b;
    }

    /// @notice `10^exponent`, for an exponent up to 18.
    /// @dev Unchecked: decimals are at most 18 by rules P1 and P5, and the check would cost more than the power.
    function powerOfTen(uint256 exponent) internal pure returns (uint256) {
        unchecked {
            return 10 ** exponent;
        }
    }

    /// @notice Magnitude of a size or an amount.
    function abs(int256 a) internal pure returns (uint256) {
        return uint256(a < 0 ? -a : a);
    }
}
