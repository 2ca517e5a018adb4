namespace PipelineService.Core.Values;

/// <summary>Whether a slot has a value.</summary>
public enum SlotState : byte
{
    /// <summary>Nobody has looked at the field of this record yet.</summary>
    Unread,

    Value,

    /// <summary>There is no value.</summary>
    Null,

    /// <summary>A number that a slot cannot hold: too many digits, or none at all (NaN, INF).</summary>
    TooLong,
}

/// <summary>
/// The typed values of the record at hand, an array for each way to hold them, and the text that expressions make of them. Belongs
/// to one worker, used again for record after record; nothing is allocated for a record once the arrays have grown.
/// </summary>
public sealed class RecordSlots
{
    /// <summary>What is known beside the fields has the first slots: <c>job_id()</c>, text.</summary>
    public const int JobId = 0;

    /// <summary><c>source()</c>, text or none.</summary>
    public const int Source = 1;

    /// <summary><c>received_at()</c>, a point in time.</summary>
    public const int ReceivedAt = 2;

    /// <summary><c>record()</c>, an integer.</summary>
    public const int Record = 3;

    private const int BesideFields = 4;

    /// <summary>Bytes that the expressions of one record may make of text, what they make in between included.</summary>
    public const int MadeBytesMax = 4 << 20;

    private TypedKind[] _kinds = [];
    private byte[] _text = new byte[1_024];
    private int _textLength;
    private long _madeBytes;

    public SlotState[] States { get; private set; } = [];

    /// <summary>Integers, booleans, dates and times: see <see cref="TypedValue.Word"/>.</summary>
    public long[] Words { get; private set; } = [];

    public decimal[] Numbers { get; private set; } = [];

    public double[] Floats { get; private set; } = [];

    /// <summary>Text and JSON.</summary>
    public TextSlice[] Texts { get; private set; } = [];

    /// <summary>The slot of a field.</summary>
    /// <param name="field">0-based index.</param>
    public static int Of(int field) => BesideFields + field;

    /// <summary>Makes room for records of so many fields; what is known beside them is not known yet.</summary>
    public void Prepare(int fields)
    {
        int count = BesideFields + fields;
        if (States.Length < count)
        {
            States = new SlotState[count];
            Words = new long[count];
            Numbers = new decimal[count];
            Floats = new double[count];
            Texts = new TextSlice[count];
            _kinds = new TypedKind[count];
        }

        States.AsSpan(0, BesideFields).Fill(SlotState.Null);
        Clear();
    }

    /// <summary>Forgets the values of the record before.</summary>
    public void Clear()
    {
        Array.Clear(States, BesideFields, States.Length - BesideFields);
        _textLength = 0;
        _madeBytes = 0;
    }

    /// <summary>Gives a slot a value, or none.</summary>
    public void Set(int slot, in TypedValue value)
    {
        States[slot] = value.IsNull ? SlotState.Null : SlotState.Value;
        _kinds[slot] = value.Kind;
        switch (value.Kind)
        {
            case TypedKind.Number:
                Numbers[slot] = value.Number;
                break;
            case TypedKind.Float:
                Floats[slot] = value.Float;
                break;
            case TypedKind.Text or TypedKind.Json:
                Texts[slot] = value.Text;
                break;
            default:
                Words[slot] = value.Word;
                break;
        }
    }

    /// <summary>There is no value.</summary>
    public void SetNull(int slot) => States[slot] = SlotState.Null;

    /// <summary>There is a number, but one that a slot cannot hold.</summary>
    public void SetTooLong(int slot) => States[slot] = SlotState.TooLong;

    /// <summary>Gives a slot what <see cref="TypedValue.Word"/> is for its kind.</summary>
    public void SetWord(int slot, long word) => (States[slot], Words[slot]) = (SlotState.Value, word);

    public void SetNumber(int slot, decimal number) => (States[slot], Numbers[slot]) = (SlotState.Value, number);

    public void SetFloat(int slot, double number) => (States[slot], Floats[slot]) = (SlotState.Value, number);

    /// <summary>Gives a slot a text or JSON, which stays where it is.</summary>
    public void SetText(int slot, TextSlice text) => (States[slot], Texts[slot]) = (SlotState.Value, text);

    /// <summary>The value that a slot was <see cref="Set"/> to.</summary>
    public TypedValue Get(int slot) => Get(slot, _kinds[slot]);

    /// <summary>The value of a slot that has one, as a kind.</summary>
    public TypedValue Get(int slot, TypedKind kind) => new()
    {
        Kind = kind,
        IsNull = States[slot] == SlotState.Null,
        Word = Words[slot],
        Number = Numbers[slot],
        Float = Floats[slot],
        Text = Texts[slot],
    };

    /// <summary>Room for text of this record; <see cref="Keep"/> keeps so much of it as was written.</summary>
    /// <remarks>What was kept before stays where it is, in the array before: so nothing moves when this one is full.</remarks>
    public Span<byte> RoomFor(int bytes)
    {
        if (_text.Length - _textLength < bytes)
        {
            _text = new byte[Math.Max(bytes, _text.Length * 2)];
            _textLength = 0;
        }

        return _text.AsSpan(_textLength);
    }

    /// <summary>Room for text that an expression makes.</summary>
    /// <returns>False when it makes more of the record than it may.</returns>
    public bool TryMakeRoom(int bytes, out Span<byte> room)
    {
        _madeBytes += bytes;
        bool fits = _madeBytes <= MadeBytesMax;
        room = fits ? RoomFor(bytes) : default;
        return fits;
    }

    /// <summary>The text that was written to the room.</summary>
    public TextSlice Keep(int length)
    {
        TextSlice text = new(_text, _textLength, length);
        _textLength += length;
        return text;
    }
}
