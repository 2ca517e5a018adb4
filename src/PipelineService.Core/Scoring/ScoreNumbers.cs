using PipelineService.Core.Values;

namespace PipelineService.Core.Scoring;

/// <summary>What becomes of the floating-point numbers that a model gives.</summary>
internal static class ScoreNumbers
{
    /// <summary>The first number that a decimal cannot hold.</summary>
    private const double DecimalEnd = 79_228_162_514_264_337_593_543_950_336.0;

    /// <summary>To as many digits as a float is sure of: 0.1 and not 0.100000001490116.</summary>
    public static bool TryToDecimal(float number, ref TypedValue value)
    {
        if (!(Math.Abs(number) < DecimalEnd))
        {
            return false;
        }

        value.Number = (decimal)number;
        return true;
    }

    /// <summary>To 15 digits, as many as a double is sure of.</summary>
    public static bool TryToDecimal(double number, ref TypedValue value)
    {
        if (!(Math.Abs(number) < DecimalEnd))
        {
            return false;
        }

        value.Number = (decimal)number;
        return true;
    }

    public static bool TryToDouble(double number, ref TypedValue value)
    {
        value.Float = number;
        return double.IsFinite(number);
    }
}
