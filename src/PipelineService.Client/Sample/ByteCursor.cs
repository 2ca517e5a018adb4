using System.Globalization;

namespace PipelineService.Client.Sample;

/// <summary>
/// Writes values as ASCII text, one after the other. Its own digits rather than format strings: the generator must cost
/// little beside the service that it feeds, or a measurement of the service would measure the generator.
/// </summary>
internal ref struct ByteCursor(Span<byte> destination)
{
    private const long SecondsPerDay = 86_400;
    private const int DaysTo1970 = 719_162;

    private readonly Span<byte> _destination = destination;

    public int Position { get; private set; }

    public readonly int Remaining => _destination.Length - Position;

    public void Write(byte value) => _destination[Position++] = value;

    public void Write(ReadOnlySpan<byte> value)
    {
        value.CopyTo(_destination[Position..]);
        Position += value.Length;
    }

    public void WriteNumber(long value)
    {
        if (!value.TryFormat(_destination[Position..], out int written, provider: CultureInfo.InvariantCulture))
        {
            throw new InvalidOperationException("The buffer has no room for a number.");
        }

        Position += written;
    }

    /// <summary>A number with two digits after the point: <c>1234</c> becomes <c>12.34</c>.</summary>
    public void WriteHundredths(int value)
    {
        (int whole, int hundredths) = Math.DivRem(value, 100);
        WriteNumber(whole);
        Write((byte)'.');
        WriteTwoDigits(hundredths);
    }

    /// <summary><c>2024-05-06T07:08:09Z</c></summary>
    public void WriteInstant(long unixSecond)
    {
        WriteDate(unixSecond);
        int second = (int)(unixSecond % SecondsPerDay);
        Write((byte)'T');
        WriteTwoDigits(second / 3_600);
        Write((byte)':');
        WriteTwoDigits(second / 60 % 60);
        Write((byte)':');
        WriteTwoDigits(second % 60);
        Write((byte)'Z');
    }

    /// <summary><c>2024-05-06</c></summary>
    public void WriteDate(long unixSecond)
    {
        (int year, int month, int day) = DateOnly.FromDayNumber(DaysTo1970 + (int)(unixSecond / SecondsPerDay));
        WriteTwoDigits(year / 100);
        WriteTwoDigits(year % 100);
        Write((byte)'-');
        WriteTwoDigits(month);
        Write((byte)'-');
        WriteTwoDigits(day);
    }

    private void WriteTwoDigits(int value)
    {
        Write((byte)('0' + (value / 10)));
        Write((byte)('0' + (value % 10)));
    }
}
