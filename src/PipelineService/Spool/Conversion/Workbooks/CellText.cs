namespace PipelineService.Spool.Conversion.Workbooks;

/// <summary>The values of cells, as they are typed.</summary>
internal sealed class CellText(Workbook workbook)
{
    private const long MillisecondsPerDay = 86_400_000;

    /// <summary>Days from the first of Excel's, 1899-12-31, to 1970-01-01, and from that of 1904.</summary>
    private const long DaysFrom1900 = 25_568;
    private const long DaysFrom1904 = 24_107;

    /// <summary>The number of 1900-02-29, a day that there was not.</summary>
    private const long NoDay = 60;

    /// <summary>Beyond it there is no day.</summary>
    private const double DaysMax = 2_958_466;

    public void Write(RowText row, in Cell cell, WantedForm form)
    {
        switch (cell.Kind)
        {
            case CellKind.Text:
                row.Text(cell.Text);
                break;
            case CellKind.Boolean:
                Quote(row, form);
                row.Bool(cell.Number != 0);
                Quote(row, form);
                break;
            case CellKind.Number when workbook.KindOf(cell.Style) is not DateKind.None and var kind && Math.Abs(cell.Number) < DaysMax:
                Moment(row, cell.Number, kind, form);
                break;
            case CellKind.Number when double.IsFinite(cell.Number):
                Quote(row, form);
                Number(row, cell.Number);
                Quote(row, form);
                break;
            case CellKind.Number:
                NumberText.Float(row, cell.Number);
                break;
            default:
                row.Null();
                break;
        }
    }

    /// <summary>Whole numbers without an exponent as far as they are exact; others as the shortest text that is the same number.</summary>
    private static void Number(RowText row, double number)
    {
        const double ExactMax = 1L << 53;
        if (number == Math.Truncate(number) && Math.Abs(number) <= ExactMax)
        {
            row.Formatted((long)number);
        }
        else
        {
            row.Formatted(number);
        }
    }

    /// <summary>Excel counts in days: what is left of a second below its thousandth is noise.</summary>
    private void Moment(RowText row, double number, DateKind kind, WantedForm form)
    {
        long milliseconds = (long)Math.Round(number * MillisecondsPerDay);
        bool isTime = kind == DateKind.Elapsed || form == WantedForm.Duration
            || (kind == DateKind.Time && form != WantedForm.DateTime && milliseconds is >= 0 and < MillisecondsPerDay);
        if (isTime)
        {
            Time(row, milliseconds, isDuration: form == WantedForm.Duration || milliseconds is < 0 or >= MillisecondsPerDay);
            return;
        }

        (long day, long rest) = Math.DivRem(milliseconds, MillisecondsPerDay);
        if (!workbook.IsFrom1904 && day == NoDay)
        {
            row.Literal("\"1900-02-29\""u8);
            return;
        }

        (day, rest) = rest < 0 ? (day - 1, rest + MillisecondsPerDay) : (day, rest);
        long days = workbook.IsFrom1904 ? day - DaysFrom1904 : day - DaysFrom1900 - (day > NoDay ? 1 : 0);
        if (rest == 0 && form != WantedForm.DateTime)
        {
            ValueText.Date(row, days);
        }
        else
        {
            ValueText.TimestampOfMicroseconds(row, ((days * MillisecondsPerDay) + rest) * 1000, isInUtc: false);
        }
    }

    private static void Time(RowText row, long milliseconds, bool isDuration)
    {
        long nanoseconds = milliseconds * 1_000_000;
        if (isDuration)
        {
            ValueText.Interval(row, months: 0, days: 0, nanoseconds);
        }
        else
        {
            ValueText.Time(row, nanoseconds);
        }
    }

    private static void Quote(RowText row, WantedForm form)
    {
        if (form == WantedForm.Text)
        {
            row.Put((byte)'"');
        }
    }
}
