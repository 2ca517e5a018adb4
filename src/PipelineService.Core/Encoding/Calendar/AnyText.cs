namespace PipelineService.Core.Encoding.Calendar;

/// <summary>What is left of a date or time that is read piece by piece.</summary>
internal ref struct AnyText(ReadOnlySpan<byte> text)
{
    public ReadOnlySpan<byte> Rest { get; private set; } = text;

    public readonly bool IsAtEnd => Rest.IsEmpty;

    public readonly bool IsAtDigit => !Rest.IsEmpty && IsDigit(Rest[0]);

    /// <summary>How many digits come next.</summary>
    public readonly int Digits
    {
        get
        {
            int end = Rest.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
            return end < 0 ? Rest.Length : end;
        }
    }

    /// <summary>The byte behind the next one is a digit.</summary>
    public readonly bool IsDigitSecond => Rest.Length > 1 && IsDigit(Rest[1]);

    public void Skip(int bytes) => Rest = Rest[bytes..];

    public bool TryTake(byte expected)
    {
        bool isThere = !Rest.IsEmpty && Rest[0] == expected;
        Rest = isThere ? Rest[1..] : Rest;
        return isThere;
    }

    /// <summary>A mark between the numbers of a date.</summary>
    public bool TryTakeMark(out byte mark)
    {
        mark = Rest.IsEmpty ? (byte)0 : Rest[0];
        return mark is (byte)'-' or (byte)'/' or (byte)'.' && TryTake(mark);
    }

    /// <returns>How many there were.</returns>
    public int TakeBlanks()
    {
        int count = Rest.IndexOfAnyExcept((byte)' ');
        count = count < 0 ? Rest.Length : count;
        Rest = Rest[count..];
        return count;
    }

    /// <summary>A number of so many digits and no more.</summary>
    public bool TryTakeNumber(int digitsMin, int digitsMax, out int number)
    {
        number = 0;
        int digits = Digits;
        if (digits < digitsMin || digits > digitsMax)
        {
            return false;
        }

        foreach (byte digit in Rest[..digits])
        {
            number = (number * 10) + (digit - '0');
        }

        Rest = Rest[digits..];
        return true;
    }

    private static bool IsDigit(byte b) => b is >= (byte)'0' and <= (byte)'9';
}
