using System.Globalization;
using System.Numerics;

namespace PipelineService.Spool.Conversion;

/// <summary>The texts of numbers that columnar formats have in other forms: exactly, and as JSON where it has such numbers.</summary>
internal static class NumberText
{
    /// <summary>A number that JSON knows, or text where it does not.</summary>
    public static void Float(RowText row, double value)
    {
        if (double.IsFinite(value))
        {
            row.Formatted(value);
        }
        else
        {
            row.Literal(double.IsNaN(value) ? "\"NaN\""u8 : value > 0 ? "\"INF\""u8 : "\"-INF\""u8);
        }
    }

    /// <inheritdoc cref="Float(RowText, double)"/>
    public static void Float(RowText row, float value)
    {
        if (float.IsFinite(value))
        {
            row.Formatted(value); // the shortest that is this number, not that of the nearest double
        }
        else
        {
            Float(row, (double)value);
        }
    }

    /// <param name="unscaled">The number without its point.</param>
    /// <param name="scale">Digits behind the point.</param>
    public static void Decimal(RowText row, Int128 unscaled, int scale)
    {
        if (unscaled < 0)
        {
            row.Put((byte)'-');
        }

        var magnitude = (UInt128)(unscaled < 0 ? -unscaled : unscaled);
        if (scale <= 0)
        {
            row.Formatted(magnitude);
            for (int i = scale; i < 0 && magnitude != 0; i++)
            {
                row.Put((byte)'0');
            }

            return;
        }

        Span<byte> digits = stackalloc byte[48];
        magnitude.TryFormat(digits, out int count, default, CultureInfo.InvariantCulture);
        int whole = count - scale;
        if (whole > 0)
        {
            row.Literal(digits[..whole]);
        }
        else
        {
            row.Put((byte)'0');
        }

        row.Put((byte)'.');
        for (int i = whole; i < 0; i++)
        {
            row.Put((byte)'0');
        }

        row.Literal(digits[Math.Max(0, whole)..count]);
    }

    /// <inheritdoc cref="Decimal(RowText, Int128, int)"/>
    public static void Decimal(RowText row, BigInteger unscaled, int scale)
    {
        string digits = BigInteger.Abs(unscaled).ToString(CultureInfo.InvariantCulture);
        digits = scale < 0 && unscaled != 0 ? digits + new string('0', -scale) : digits.PadLeft(Math.Max(0, scale) + 1, '0');
        row.Literal(System.Text.Encoding.ASCII.GetBytes(
            $"{(unscaled.Sign < 0 ? "-" : "")}{digits[..^Math.Max(0, scale)]}{(scale > 0 ? "." : "")}{digits[^Math.Max(0, scale)..]}"));
    }
}
