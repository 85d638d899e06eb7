//! What people of the demonstration write. Made up; examples that await clinical review.

/// What a referral is about.
pub struct Case {
    /// Specialty that it goes to.
    pub specialty: &'static str,
    pub code: &'static str,
    pub diagnosis: &'static str,
    pub reason: &'static str,
    pub done: &'static str,
    pub findings: &'static str,
    pub treatment: &'static str,
    pub control: &'static str,
}

const fn case(specialty: &'static str, coded: (&'static str, &'static str), told: [&'static str; 5]) -> Case {
    let [reason, done, findings, treatment, control] = told;
    let (code, diagnosis) = coded;
    Case { specialty, code, diagnosis, reason, done, findings, treatment, control }
}

/// The cases, at least one for each specialty that the demonstration's specialists attend.
pub const CASES: &[Case] = &[
    case(
        "oftalmologia",
        ("H259", "Catarata senil, no especificada"),
        [
            "Ve borroso con el ojo derecho desde hace un año; ya no puede tejer.",
            "Agudeza visual tomada en el puesto: 20/200 derecho, 20/60 izquierdo.",
            "Catarata madura en el ojo derecho. Fondo de ojo sin hallazgos en lo visible.",
            "Queda programada cirugía. Lubricante ocular cada 6 horas.",
            "Revisar presión arterial y glucosa antes de la cirugía.",
        ],
    ),
    case(
        "oftalmologia",
        ("H110", "Pterigión"),
        [
            "Carnosidad en el ojo izquierdo que crece y molesta con el sol.",
            "Lavado ocular y orientación sobre el uso de sombrero.",
            "Pterigión grado II que no llega al eje visual.",
            "Lubricante ocular. Sin cirugía por ahora.",
            "Volver a medir la agudeza visual en tres meses.",
        ],
    ),
    case(
        "medicina-interna",
        ("E119", "Diabetes mellitus tipo 2, sin complicaciones"),
        [
            "Glucosa alta en tres controles, pese al tratamiento.",
            "Se reforzó la alimentación y se revisó que tome sus medicinas.",
            "Diabetes sin control. Sin datos de daño en pies.",
            "Ajuste de metformina a 850 mg dos veces al día.",
            "Control de glucosa en ayunas cada semana por un mes.",
        ],
    ),
    case(
        "medicina-interna",
        ("I10X", "Hipertensión esencial (primaria)"),
        [
            "Presión de 160/95 en tres visitas seguidas.",
            "Se inició enalapril y se pidió menos sal.",
            "Hipertensión grado 2. Electrocardiograma sin cambios agudos.",
            "Se agrega amlodipino 5 mg al día.",
            "Tomar la presión cada semana y anotarla.",
        ],
    ),
    case(
        "traumatologia",
        ("M171", "Otras gonartrosis primarias"),
        [
            "Dolor de rodillas que no le deja caminar a la milpa.",
            "Acetaminofén y ejercicios; sin mejoría en dos meses.",
            "Artrosis de ambas rodillas, más la derecha.",
            "Ejercicios de fuerza, bastón, acetaminofén a horario.",
            "Revisar los ejercicios cada mes.",
        ],
    ),
    case(
        "cardiologia",
        ("I509", "Insuficiencia cardíaca, no especificada"),
        [
            "Se cansa al caminar dos cuadras y se le hinchan los pies.",
            "Se dio furosemida y se pidió que pese cada día.",
            "Insuficiencia cardíaca estable. Ecocardiograma pendiente.",
            "Furosemida 40 mg al día, enalapril 10 mg dos veces al día.",
            "Pesar cada semana; avisar si sube más de dos kilos.",
        ],
    ),
    case(
        "ginecologia-obstetricia",
        ("N939", "Hemorragia vaginal y uterina anormal, no especificada"),
        [
            "Reglas muy abundantes desde hace cuatro meses.",
            "Hemoglobina 10.2; se dio hierro.",
            "Mioma pequeño. Sin datos de urgencia.",
            "Hierro por tres meses y control con ultrasonido.",
            "Repetir la hemoglobina en un mes.",
        ],
    ),
];

/// The danger sign of those that become urgent transfers.
pub const SIGN: &str = "dificultad-respirar";
pub const ACCEPTED: &str = "Pertinente y completa.";
pub const RETURNED: &str = "Por favor agregue el resultado que falta y vuelva a enviarla.";
pub const REDIRECTED: &str = "En el otro lugar hay cita antes.";
pub const REJECTED: &str = "Puede resolverse en el primer nivel con el protocolo.";
pub const ADVISED: &str = "Siga el tratamiento indicado y vuelva a preguntar si no mejora en un mes.";
pub const MISSED: &str = "No llegó a la cita.";
pub const FOUND: &str = "La familia dice que no tuvo para el pasaje; quiere otra cita.";
pub const CANCELLED: &str = "El especialista no puede viajar ese día.";
pub const SUSPENDED: &str = "Pide esperar a que termine la cosecha.";
pub const CONTROL: &str = "Vuelve a control con el especialista.";
pub const ADMITTED: &str = "Queda ingresada para estudio.";
pub const UNREACHABLE: &str = "Tres visitas a la casa y dos llamadas sin respuesta; los vecinos dicen que se fue.";
pub const REFUSED: &str = "La persona dice que ya no desea la cita.";
pub const DANGER: &str = "Señal de peligro al examen.";
pub const BED: &str = "Se busca cama en el hospital regional.";
pub const VEHICLE: &str = "Ambulancia de los bomberos voluntarios.";
pub const RECEIVED: &str = "Llega consciente y estable.";
/// What a person can't take, as a visit asks: most can take everything.
pub const ALLERGIES: &[&[&str]] = &[&[], &["Penicilina: ronchas"], &[], &[], &["Ibuprofeno: falta de aire"], &[], &[]];
/// What a person already takes.
pub const MEDICINES: &[&[&str]] =
    &[&[], &["Omeprazol 20 mg en ayunas"], &[], &["Loratadina 10 mg de noche", "Vitamina A"], &[]];
pub const GIVEN: &str = "Acetaminofén 500 mg, una tableta cada 8 horas si hay dolor";
pub const PLAN: &str = "Se refiere. Volver al puesto si empeora.";
pub const MEDICINE: &str = "Entregar el medicamento y explicar cómo tomarlo.";
pub const RED_FLAGS: &str = "Volver de inmediato si empeora, si hay fiebre o si no puede comer.";
pub const UNABLE: &str = "En el puesto no hay con qué hacerlo este mes.";
pub const DONE: &str = "Se hizo en la visita.";
